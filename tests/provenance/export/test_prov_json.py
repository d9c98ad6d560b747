"""Runs in PROV-JSON, read back by the library that others read it with."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prov.model import (
    ProvActivity,
    ProvAgent,
    ProvAssociation,
    ProvCommunication,
    ProvDerivation,
    ProvDocument,
    ProvEntity,
    ProvGeneration,
    ProvMembership,
    ProvUsage,
)

from rpz.provenance.export.names import in_url
from rpz.provenance.export.prov_json import document_of
from rpz.provenance.source import opened
from tests.conftest import rpz_in

TOKEN = "ghp_" + "k3Jd8sLq0Zx7Vb2Nm5Ty9Rw4Ue6Pa1Sc0Df8"
FIRST = f"cat in* > out; (cat out > scratch); rm scratch; cat log; echo >> log; : {TOKEN}"


@pytest.fixture(scope="module")
def rpz(tmp_path_factory):
    """Two runs: the second reads what the first wrote, and is killed."""
    rpz = rpz_in(tmp_path_factory.mktemp("prov"))
    (rpz.folder / "in: \n.txt").write_text("a")
    (rpz.folder / "log").write_text("b")
    env = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "rpz.orcid",
           "GIT_CONFIG_VALUE_0": "0000-0002-1825-0097"}  # fmt: skip
    words = ["--reason", "to see", "sh", "-c", FIRST]
    assert rpz("trace", *words, env=env).returncode == 0
    assert rpz("trace", "--continue", "sh", "-c", "cat out; kill -9 $$", env=env).returncode == 137
    assert rpz("pack").returncode == 0
    return rpz


@pytest.fixture(scope="module")
def document(rpz):
    done = rpz("export", "--prov-json", "prov.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return ProvDocument.deserialize(rpz.folder / "prov.json", format="json")


def test_what_is_read_back_is_what_was_written(rpz, document):
    with opened(str(rpz.folder / "experiment.rpz")) as source:
        assert document_of(source) == document  # the pack says the same as the trace


def test_secrets_are_withheld(rpz, document):
    text = (rpz.folder / "prov.json").read_text()
    assert TOKEN not in text
    assert "redacted" in text
    assert document.get_provn().count(TOKEN) == 0


def label(record):
    return str(next(iter(record.get_attribute("prov:label")), ""))


def labels(document, kind, folder):
    """Return the pairs of labels that relations of a kind join, with paths below a folder only."""
    found = set()
    for relation in document.get_records(kind):
        ends = [value for _, value in relation.formal_attributes[:2]]
        pair = tuple(label(document.get_record(end)[0]) for end in ends)
        if kind in (ProvCommunication, ProvAssociation) or any(folder in end for end in pair):
            found.add(tuple(end.replace(f"{folder}/", "") for end in pair))
    return found


def test_relations(rpz, document):
    folder = str(rpz.folder)
    assert {
        ("cat 'in: \\n.txt'", "in: \\n.txt"), ("cat out", "out"), ("cat log", "log")
    } <= labels(document, ProvUsage, folder)  # fmt: skip
    written = labels(document, ProvGeneration, folder)
    assert {end for end, _ in written} == {"out", "scratch", "log"}
    assert labels(document, ProvDerivation, folder) == {("log", "log")}
    started = labels(document, ProvCommunication, folder)
    assert ("cat out", "sh -c 'cat out; kill -9 $$'") in started
    assert ("sh -c 'cat out; kill -9 $$'", "run1") in started
    assert {agent.identifier.uri for agent in document.get_records(ProvAgent)} == {
        "https://orcid.org/0000-0002-1825-0097"
    }


def test_the_plan_is_the_program(document):
    plans = {
        (label(document.get_record(r.args[0])[0]), label(document.get_record(r.args[2])[0]))
        for r in document.get_records(ProvAssociation)
        if r.args[2] is not None
    }
    assert any(who == "cat out" and plan.endswith("/cat") for who, plan in plans)
    (plan,) = {plan for who, plan in plans if who == "cat out"}
    packages = [
        label(document.get_record(member.args[0])[0])
        for member in document.get_records(ProvMembership)
        if label(document.get_record(member.args[1])[0]) == plan
    ]
    assert len(packages) == 1


def test_entities(rpz, document):
    folder = str(rpz.folder)
    entities = {}
    for entity in document.get_records(ProvEntity):
        entities.setdefault(label(entity).replace(f"{folder}/", ""), []).append(entity)
    (out,) = entities["out"]  # one, though one run wrote it and another read it
    digest = hashlib.sha256(b"a").hexdigest()
    assert out.identifier.uri == f"urn:rpz:content:{digest}{in_url(f'{folder}/out')}"
    assert [str(next(iter(out.get_attribute(n)))) for n in ("rpz:sha256", "rpz:size")] == [
        digest, "1"
    ]  # fmt: skip
    assert len(entities["log"]) == 2
    (scratch,) = entities["scratch"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}#temporary/.*/scratch", scratch.identifier.uri)


def test_activities(document):
    by_label = {label(one): one for one in document.get_records(ProvActivity)}
    run = by_label["run0"]
    assert [str(value) for value in run.get_attribute("rpz:reason")] == ["to see"]
    assert run.get_startTime() < run.get_endTime()
    killed = by_label["sh -c 'cat out; kill -9 $$'"]
    assert list(killed.get_attribute("rpz:signal")) == [9]
    (command,) = killed.get_attribute("rpz:command")
    assert json.loads(command) == ["sh", "-c", "cat out; kill -9 $$"]


def test_no_form(rpz):
    done = rpz("export")
    assert done.returncode == 2
    assert b"--prov-json" in done.stderr


@given(st.binary(max_size=60))
def test_any_name_is_a_local_name_that_comes_back(name):
    document = ProvDocument()
    names = document.add_namespace("x", "urn:x:")
    document.entity(names[f"a/{in_url(name)}"])
    again = ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    assert again == document
    assert re.fullmatch(r"[\w.%~/-]*", in_url(name), re.ASCII)
