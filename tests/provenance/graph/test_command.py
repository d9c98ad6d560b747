"""``rpz graph`` as a person runs it."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import rpz_in

TOKEN = "ghp_" + "k3Jd8sLq0Zx7Vb2Nm5Ty9Rw4Ue6Pa1Sc0Df8"


@pytest.fixture(scope="module")
def rpz(tmp_path_factory):
    """Two runs, one of which is told a secret, and their pack."""
    rpz = rpz_in(tmp_path_factory.mktemp("graph"))
    (rpz.folder / "in\n.txt").write_text("a")
    assert rpz("trace", "--name", "one", "sh", "-c", f"cat in* > out; : {TOKEN}").returncode == 0
    assert rpz("trace", "--continue", "--name", "two", "cp", "out", "copy").returncode == 0
    assert rpz("pack").returncode == 0
    return rpz


def printed(rpz, *words):
    done = rpz("graph", *words)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def test_all_runs_or_one(rpz):
    both, two = (json.loads(printed(rpz, s, "--json")) for s in (".rpz-trace", ".rpz-trace:two"))
    assert [run["name"] for run in both["runs"]] == ["one", "two"]
    assert [run["name"] for run in two["runs"]] == ["two"]
    files = {node["name"]: node["role"] for node in both["nodes"] if node["kind"] == "file"}
    folder = rpz.folder
    assert files == {
        f"{folder}/in\n.txt": "input", f"{folder}/out": "output", f"{folder}/copy": "output"
    }  # fmt: skip
    names = {node["id"]: node.get("commands") or node["name"] for node in both["nodes"]}
    edges = [(names[e["from"]], e["kind"], names[e["to"]]) for e in both["edges"]]
    assert (f"{folder}/out", "reads", [["cp", "out", "copy"]]) in edges
    assert ([["cp", "out", "copy"]], "writes", f"{folder}/copy") in edges


def test_a_pack_and_its_trace_draw_the_same(rpz):
    assert printed(rpz, "experiment.rpz") == printed(rpz, ".rpz-trace")


@pytest.mark.parametrize("form", ["dot", "json", "svg"])
def test_secrets_are_withheld(rpz, form):
    drawn = printed(rpz, "--format", form)
    assert TOKEN.encode() not in drawn
    assert b"redacted" in drawn


def test_the_usual_trace_to_a_file_twice(rpz):
    for _ in range(2):
        assert printed(rpz, "new.svg") == b""
        assert ET.parse(rpz.folder / "new.svg").getroot().get("role") == "img"


def test_a_pipe_and_a_link_stay_what_they_are(rpz):
    assert printed(rpz, ".rpz-trace", "/dev/stdout", "--dot").startswith(b"digraph")
    (rpz.folder / "link.svg").symlink_to("linked.svg")
    assert printed(rpz, "link.svg") == b""
    assert (rpz.folder / "link.svg").is_symlink()
    assert (rpz.folder / "linked.svg").read_bytes().endswith(b"</svg>\n")


def test_options(rpz):
    words = ["--processes", "run", "--packages", "drop", "--aggregate", str(rpz.folder), "--json"]
    document = json.loads(printed(rpz, *words, "--regex-filter", "copy$"))
    assert [(node["kind"], node.get("files")) for node in document["nodes"]] == [
        ("run", None), ("run", None), ("folder", 2)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([".rpz-trace", "graph.rpz"], b"--format"),
        (["none"], b"none doesn't exist"),
        ([".rpz-trace:three"], b"has no run three"),
        (["--regex-filter", "("], b"no regular expression"),
        (["--otherfiles", "some"], b"depth:3"),
    ],
)
def test_trouble(rpz, words, said):
    done = rpz("graph", *words)
    assert (done.returncode, done.stdout) == (1, b"")
    assert said in done.stderr
    assert not (rpz.folder / "graph.rpz").exists()
