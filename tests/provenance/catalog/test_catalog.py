"""Real runs in a catalogue: found by what they wrote and read, by filters, wherever they go."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from rpz import catalog as api
from rpz.errors import RpzError
from rpz.provenance.catalog.adding import add
from rpz.provenance.catalog.database import Catalog
from tests.conftest import SOURCE, require, rpz_in

TOKEN = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
PASSWORD = "correct-horse-7"
SMOOTH = "cat in.txt p.json > out.txt; cat in.txt > name-$LAB_PASSWORD"
ODD = b"out-\xff.txt"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Three traces (one run ends well, one doesn't, one is killed), a pack, a catalogue."""
    rpz = rpz_in(tmp_path_factory.mktemp("lab"))
    rpz.environment.update(RPZ_CATALOG="cat.db", LAB_PASSWORD=PASSWORD)
    (rpz.folder / "in.txt").write_text("1\n")
    (rpz.folder / "p.json").write_text('{"model": {"gain": 2.50, "seed": 12345678901234567890}}\n')
    smooth = ["sh", "-c", SMOOTH, "-", f"--token={TOKEN}", "--method", "FFT"]
    why = ["--tag", "good", "--tag", "fig 1", "--project", "tides", "--reason", "why not?"]
    done(rpz("trace", "-q", "-d", "smooth", *why, *smooth))
    rough = [b"cat p.json in.txt >> '%b'; exit 3" % ODD, "gain=10"]
    assert rpz("trace", "-d", "rough", "--tag", "bad", "sh", "-c", *rough).returncode == 3
    assert rpz("trace", "-d", "killed", "--no-hash", "sh", "-c", "kill -9 $$").returncode == 137
    done(rpz("pack", "-q", "-d", "smooth", "packs.rpz"))
    done(rpz("catalog", "add", "-q", "."))
    return rpz


def test_the_catalogue_is_named_on_either_side_of_the_subcommand(lab):
    done(lab("catalog", "--catalog", "own.db", "add", "packs.rpz"))
    words = ["--catalog", "no.db", "list", "--catalog", "own.db"]
    assert b"/packs.rpz" in done(lab("catalog", *words))


@pytest.fixture
def copy(lab, tmp_path):
    """All of it in a place of its own, and the catalogue anew."""
    for name in ("smooth", "rough"):
        shutil.copytree(lab.folder / name, tmp_path / name)
    shutil.copy(lab.folder / "packs.rpz", tmp_path)
    there = type(lab)(tmp_path, lab.environment)
    api.add(tmp_path, catalog=tmp_path / "cat.db")
    return there


def done(process, status=0):
    assert process.returncode == status, process.stderr
    return process.stdout


def rows(rpz, *words):
    return json.loads(done(rpz("list", "--json", *words)))


def commands(rpz, **filters):
    found = api.runs(rpz.folder / "cat.db", **filters)
    return ["".join(row["tags"][:1]) or "killed" for row in found]


class TestWhich:
    def test_a_renamed_copy_is_found(self, lab, tmp_path):
        shutil.copy(lab.folder / "out.txt", tmp_path / "figure")
        text = done(lab("which", tmp_path / "figure")).decode()
        (row,) = api.runs(lab.folder / "cat.db", tags=["good"])
        assert f"  written by {row['id']} as {lab.folder}/out.txt\n" in text
        assert f"    in {lab.folder}/packs.rpz:0\n    in {lab.folder}/smooth:0\n" in text
        assert "ended with 0" in text
        assert "read by" not in text

    def test_who_only_read_it_comes_last(self, lab):
        (found,) = json.loads(done(lab("which", "--json", "in.txt")))
        assert found["sha256"] == hashlib.sha256(b"1\n").hexdigest()
        uses = [(u["role"], Path(u["name"]).name, u["run"]["tags"][0]) for u in found["uses"]]
        assert uses == [
            ("written", "name-<redacted>", "good"),
            ("read", "in.txt", "good"),
            ("read", "in.txt", "bad"),
        ]

    def test_a_name_that_is_no_text(self, lab):
        assert b"/out-\\xff.txt\n" in done(lab("which", ODD))

    def test_a_digest_in_the_place_of_a_file(self, lab):
        digest = hashlib.sha256((lab.folder / "out.txt").read_bytes()).hexdigest()
        assert done(lab("which", digest.upper())).startswith(f"SHA-256 {digest}".encode())

    def test_none(self, lab, tmp_path):
        (tmp_path / "new").write_bytes(b"new")
        process = lab("which", tmp_path / "new", "in.txt")
        assert b"new: no run in cat.db wrote or read it" in done(process, 1)
        assert b"1 run nothing is known by content" in process.stderr
        assert b"rpz catalog add PATH" in process.stderr

    def test_pointed_at_packs_and_traces(self, lab, tmp_path):
        elsewhere = type(lab)(tmp_path, {**lab.environment, "RPZ_CATALOG": "none"})
        out = lab.folder / "out.txt"
        for place in ("packs.rpz", "."):
            assert b"written by" in done(elsewhere("which", out, "--in", lab.folder / place))
        assert b"no run in" in done(elsewhere("which", out, "--in", lab.folder / "rough"), 1)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("words", [
        ["missing"],
        ["in.txt", "--in", "in.txt"],
        ["in.txt", "--catalog", "missing"],
    ])  # fmt: skip
    def test_trouble(self, lab, words):
        process = lab("which", *words)
        assert process.returncode == 2
        assert process.stderr.startswith(b"rpz: ")
        assert process.stderr.count(b"\n") == 1

    def test_what_is_no_file_or_catalogue(self, lab):
        for file, catalog in (("/", "cat.db"), ("in.txt", "in.txt"), ("in.txt", "")):
            with pytest.raises(RpzError):
                api.which(lab.folder / file, lab.folder / catalog)

    def test_one_bad_place_doesnt_hide_the_others(self, lab):
        process = lab("which", "out.txt", "--in", "in.txt", "--in", "packs.rpz")
        assert b"written by" in done(process)
        assert b"rpz: in.txt is not a pack" in process.stderr

    def test_without_a_catalogue_the_usual_trace(self, copy):
        (copy.folder / "smooth").rename(copy.folder / ".rpz-trace")
        env = {"RPZ_CATALOG": "", "XDG_DATA_HOME": str(copy.folder / "none")}
        digest = hashlib.sha256(b"1\n").hexdigest()
        assert b"written by" in done(copy("which", digest, env=env))


class TestFilters:
    @pytest.mark.parametrize(("asked", "fitting"), [
        ({}, ["good", "bad", "killed"]),
        ({"tags": ["good"]}, ["good"]),
        ({"tags": ["good", "fig 1"]}, ["good"]),
        ({"tags": ["good", "bad"]}, []),
        ({"project": "tides"}, ["good"]),
        ({"since": "2001-01-01", "until": "2999-01-01T00:00"}, ["good", "bad", "killed"]),
        ({"since": "2999-01-01"}, []),
        ({"until": "2001-01-01T10:15:00Z"}, []),
        ({"program": "cat"}, ["good", "bad"]),
        ({"program": "/*/cat"}, ["good", "bad"]),
        ({"program": "ca"}, []),
        ({"where": ["gain=2.5"]}, ["good", "bad"]),
        ({"where": ["model.gain = 25e-1"]}, ["good", "bad"]),
        ({"where": ["gain>2.5"]}, ["bad"]),
        ({"where": ["gain<=2.5", "method=FFT"]}, ["good"]),
        ({"where": ["gain!=2.5"]}, ["bad"]),
        ({"where": ["method~ff"]}, ["good"]),
        ({"where": ["method=fft"]}, []),
        ({"where": ["seed=12345678901234567891"]}, []),
        ({"where": ["seed=12345678901234567890"]}, ["good", "bad"]),
        ({"where": ["g*=2.5"]}, []),
        ({"status": "ok"}, ["good"]),
        ({"status": "3"}, ["bad"]),
        ({"status": "failed"}, ["bad", "killed"]),
        ({"status": "killed"}, ["killed"]),
        ({"status": "unknown"}, []),
        ({"host": os.uname().nodename[:1] + "*"}, ["good", "bad", "killed"]),
        ({"host": "none"}, []),
        ({"words": ["WHY not"]}, ["good"]),
        ({"words": ["in.txt", "exit"]}, ["bad"]),
        ({"words": ["100%"]}, []),
        ({"inputs": [hashlib.sha256(b"1\n").hexdigest()]}, ["good", "bad"]),
        ({"outputs": [hashlib.sha256(b"1\n").hexdigest()]}, ["good"]),
    ])  # fmt: skip
    def test_fitting(self, lab, asked, fitting):
        assert commands(lab, **asked) == fitting

    @pytest.mark.parametrize("asked", [
        {"where": ["gain"]},
        {"where": ["gain>big"]},
        {"where": ["=3"]},
        {"since": "soon"},
        {"until": "99999-01-01"},
        {"status": "fine"},
        {"ids": ["zz"]},
        {"inputs": ["abc"]},
    ])  # fmt: skip
    def test_nonsense(self, lab, asked):
        with pytest.raises(RpzError):
            commands(lab, **asked)

    def test_an_id(self, lab):
        (row,) = api.runs(lab.folder / "cat.db", tags=["bad"])
        assert commands(lab, ids=[row["id"][:6]]) == ["bad"]


class TestList:
    def test_the_table(self, lab):
        header, *lines = done(lab("list")).decode().splitlines()
        assert header.split() == ["id", "started", "end", "wall", "host", "where", "command"]
        assert len(lines) == 3
        assert f"{lab.folder}/packs.rpz:0 and 1 more" in lines[0]
        assert "--token=<redacted>" in lines[0]
        assert "signal 9" in lines[2]
        assert done(lab("list", "--project", "none")) == b""

    def test_options(self, lab):
        asked = ["--program", "cat", "--where", "gain<3", "--input", "in.txt", "--status", "0"]
        (row,) = rows(lab, *asked)
        assert row["tags"] == ["good", "fig 1"]
        assert (row["project"], row["reason"]) == ("tides", "why not?")
        assert (row["parameter.model.gain"], row["parameter.method"]) == (2.5, "FFT")
        assert row["parameter.model.seed"] == "12345678901234567890"
        assert rows(lab, "--output", ODD)[0]["status"] == 3

    def test_csv(self, lab):
        table = list(csv.DictReader(io.StringIO(done(lab("list", "--csv")).decode())))
        assert [row["tags"] for row in table] == ["good; fig 1", "bad", ""]
        assert [row["parameter.gain"] for row in table] == ["", "10", ""]
        assert "out-\\xff.txt" in table[1]["command"]

    def test_of_what_it_is_pointed_at(self, lab):
        assert len(rows(lab, "--in", "packs.rpz", "--in", "killed")) == 2
        assert done(lab("list", "--in", ".", "--catalog", "cat.db"), 2) == b""

    def test_for_pandas(self, lab):
        require(importlib.util.find_spec("pandas"), "pandas is not installed")
        import pandas as pd

        table = pd.DataFrame(api.runs(lab.folder / "cat.db"))
        assert len(table) == 3
        assert table["parameter.gain"].max() == 10
        assert table["parameter.model.gain"].mean() == 2.5
        assert pd.to_datetime(table["started"], utc=True).is_monotonic_increasing
        assert pd.DataFrame(api.which(lab.folder / "in.txt", lab.folder / "cat.db")).shape[0] == 3

    def test_from_python_without_a_catalogue(self, lab):
        (row,) = api.runs(within=[lab.folder / "rough"], where=["gain=10"])
        assert row["command"].endswith("gain=10")
        with pytest.raises(RpzError, match="not a pack"):
            api.runs(within=[lab.folder / "in.txt"])


def dump(rpz):
    """All that is in a catalogue but when it was added."""
    connection = sqlite3.connect(rpz.folder / "cat.db")
    connection.text_factory = bytes
    try:
        tables = "runs", "facts", "programs", "files"
        found = [sorted(connection.execute(f"SELECT * FROM {table}")) for table in tables]
        return [*found, sorted(connection.execute("SELECT run_id, path, number FROM places"))]
    finally:
        connection.close()


class TestCatalog:
    def test_adding_again(self, copy):
        before = dump(copy)
        process = copy("catalog", "add", "smooth", "packs.rpz", "rough")
        assert b"smooth: 0 runs added, 1 known already\n" in process.stderr
        assert dump(copy) == before

    def test_comments_that_came_since(self, copy):
        done(copy("note", "-q", "-d", "smooth", "0", "gain was wrong"))
        assert self.good(copy)["notes"] == []
        api.add(copy.folder / "packs.rpz", copy.folder / "smooth", catalog=copy.folder / "cat.db")
        assert self.good(copy)["notes"] == ["gain was wrong"]
        assert len(json.loads(done(copy("catalog", "search", "--json", "Was Wrong")))) == 1

    def test_places(self, copy):
        (copy.folder / "packs.rpz").rename(copy.folder / "moved.rpz")
        os.utime(copy.folder / "rough" / "trace.sqlite3", ns=(0, 0))
        listed = {p["path"]: p["condition"] for p in self.places(copy)}
        there = {Path(path).name: condition for path, condition in listed.items()}
        assert there == {"packs.rpz": "gone", "rough": "changed", "smooth": "there"}
        assert self.good(copy)["gone"] == [f"{copy.folder}/packs.rpz:0"]
        process = copy("catalog", "add", "moved.rpz")
        assert f"{copy.folder}/packs.rpz is gone: what was".encode() in process.stderr
        assert self.good(copy)["gone"] == []
        assert b"moved.rpz\n" in done(copy("catalog", "list"))

    def test_all_is_gone(self, copy):
        digest = hashlib.sha256(b"1\n").hexdigest()
        for path in ("packs.rpz", "smooth"):
            (copy.folder / path).rename(copy.folder / f"{path}.x")
        assert b"smooth:0, which is gone\n" in done(copy("which", digest))
        done(copy("catalog", "remove", "--gone"))
        assert commands(copy) == ["bad"]

    def test_of_another_machine(self, copy):
        connection = sqlite3.connect(copy.folder / "cat.db")
        connection.execute("UPDATE places SET hostname = 'node7', path = '/far/' || kind || run_id")
        connection.commit()
        connection.close()
        assert self.good(copy)["places"] == [
            "node7:/far/pack2:0",
            "node7:/far/trace2:0",
        ]

    def test_removing(self, copy):
        done(copy("catalog", "remove", "smooth"))
        assert commands(copy) == ["good", "bad"]  # it is in the pack, too
        done(copy("catalog", "remove", "packs.rpz"))
        (row,) = api.runs(copy.folder / "cat.db")
        done(copy("catalog", "remove", row["id"][:8]))
        assert dump(copy) == [[], [], [], [], []]
        assert b"/in.txt" not in (copy.folder / "cat.db").read_bytes()
        assert b"no id of a run" in copy("catalog", "remove", "nothing").stderr

    def test_secrets_stay_out(self, lab):
        trace = (lab.folder / "smooth" / "trace.sqlite3").read_bytes()
        catalog = (lab.folder / "cat.db").read_bytes()
        for secret in (TOKEN, PASSWORD):
            assert secret.encode() in trace
            assert secret.encode() not in catalog
        assert b"name-<redacted>" in catalog

    def test_adding_at_the_same_time(self, lab, tmp_path):
        env = {**lab.environment, "RPZ_CATALOG": str(tmp_path / "deep" / "cat.db")}
        names = ["smooth", "rough", "killed", "packs.rpz"]
        adders = [
            subprocess.Popen(lab.argv("catalog", "add", "-q", name), cwd=lab.folder, env=env)
            for name in names
        ]
        assert [adder.wait(timeout=60) for adder in adders] == [0] * 4
        found = api.runs(tmp_path / "deep" / "cat.db")
        assert sorted(len(row["places"]) for row in found) == [1, 1, 2]

    def test_a_run_of_an_earlier_rpz(self, copy):
        shutil.copytree(copy.folder / "smooth", copy.folder / "twice")
        for name in ("smooth", "twice"):
            connection = sqlite3.connect(copy.folder / name / "trace.sqlite3")
            connection.execute("DROP TABLE facts")
            connection.commit()
            connection.close()
        found = api.runs(within=[copy.folder / "smooth", copy.folder / "twice"])
        assert len(found) == 1
        assert len(found[0]["places"]) == 2

    @pytest.mark.parametrize(("change", "said"), [
        ("UPDATE runs SET started = started + 1", b"has the id of another"),
        ("UPDATE runs SET exitcode = 'none'", b"is damaged"),
        ("UPDATE runs SET end_timestamp = 'none'", b"is damaged"),
    ])  # fmt: skip
    def test_what_would_spoil_it_is_refused(self, copy, change, said):
        before = dump(copy)
        connection = sqlite3.connect(copy.folder / "rough" / "trace.sqlite3")
        connection.execute(change)
        connection.commit()
        connection.close()
        process = copy("catalog", "add", "rough")
        assert process.returncode == 1
        assert b"rough" in process.stderr
        assert said in process.stderr
        assert dump(copy) == before

    def test_only_comments_come_to_what_is_known(self, copy):
        connection = sqlite3.connect(copy.folder / "smooth" / "trace.sqlite3")
        connection.execute("UPDATE facts SET value = 'other' WHERE topic = 'why'")
        connection.commit()
        connection.close()
        before = dump(copy)
        assert api.add(copy.folder / "smooth", catalog=copy.folder / "cat.db") == 0
        assert dump(copy) == before

    def test_one_bad_place_among_others(self, copy):
        (copy.folder / "bad.rpz").write_bytes(b"junk")
        process = copy("catalog", "add", ".", "missing")
        assert process.returncode == 1
        assert b"bad.rpz" in process.stderr
        assert b"missing doesn't exist" in process.stderr
        assert b"smooth: 0 runs added, 1 known already" in process.stderr

    def test_a_folder_that_cant_be_read_hides_no_other(self, copy, monkeypatch):
        scandir = os.scandir

        def refusing(path):
            if str(path).endswith("/a"):
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        (copy.folder / "a").mkdir()
        monkeypatch.setattr(os, "scandir", refusing)  # root is refused nothing
        with Catalog.temporary() as catalog:
            *added, last = add(catalog, [copy.folder])
            assert sum(a.new + a.known for a in added) == 3
            assert (last.path, type(last.trouble)) == (copy.folder / "a", PermissionError)

    def test_a_newer_one(self, copy):
        connection = sqlite3.connect(copy.folder / "cat.db")
        connection.execute("PRAGMA user_version = 2")
        connection.close()
        for function in (api.runs, api.add):
            with pytest.raises(RpzError, match=r"has version 2, this rpz reads up to 1\. Upgrade"):
                function(catalog=copy.folder / "cat.db")

    def test_anothers_database_stays_as_it_is(self, copy):
        other = copy.folder / "smooth" / "trace.sqlite3"
        before = other.read_bytes()
        process = copy("catalog", "add", "rough", "--catalog", other)
        assert process.returncode == 1
        assert b"is no catalogue of rpz's" in process.stderr
        assert other.read_bytes() == before

    @staticmethod
    def good(rpz):
        (row,) = api.runs(rpz.folder / "cat.db", tags=["good"])
        return row

    @staticmethod
    def places(rpz):
        return json.loads(done(rpz("catalog", "list", "--json")))


@pytest.mark.parametrize("table", [
    "runs", "places", "facts", "programs", "contents", "names", "uses", "files",
])  # fmt: skip
def test_the_schema_is_documented(table):
    page = (SOURCE / "docs" / "catalog.md").read_text("utf-8")
    section = page.partition(f"\n### {table}\n")[2].partition("\n##")[0]
    named = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    documented = [name for cell in named for name in cell.replace("`", "").replace(",", "").split()]
    connection = sqlite3.connect(":memory:")
    try:
        schema = SOURCE / "provenance" / "catalog" / "schema.sql"
        connection.executescript(schema.read_text("ascii"))
        columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    finally:
        connection.close()
    assert documented == columns
    assert columns


def test_the_rows_are_documented(lab):
    page = (SOURCE / "docs" / "catalog.md").read_text("utf-8")
    section = page.partition("\n## Rows\n")[2].partition("\n## ")[0]
    row = api.runs(lab.folder / "cat.db")[2]
    for key in row:
        assert f"`{key}`" in section
