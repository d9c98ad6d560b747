"""The record of real runs: who, where, why, of which code, with which parameters."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest

from rpz.packer.archive.reader import Pack
from rpz.provenance import batch, machine
from rpz.provenance.repositories import changes
from rpz.provenance.repositories import git as git_trees
from rpz.tracer.database import TraceDatabase
from rpz.tracer.facts import Fact, facts_of, read_facts, write_facts
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import RunRow
from rpz.tracer.schema import LATER
from tests.conftest import require

if TYPE_CHECKING:
    from pathlib import Path


def record(folder: Path, run: int = 0) -> dict[tuple[str, str], list[bytes]]:
    found: dict[tuple[str, str], list[bytes]] = {}
    with TraceDatabase.open(folder / "trace.sqlite3") as database:
        for fact in facts_of(database, run):
            found.setdefault((fact.topic, fact.name), []).append(fact.value)
    return found


def traced(rpz, *argv, **options):
    done = rpz("trace", *argv, **options)
    assert done.returncode == 0, done.stderr
    return record(rpz.folder / ".rpz-trace")


@pytest.fixture
def git(tmp_path):
    require("git", "no git")
    environ = os.environ | {
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    (tmp_path / "gitconfig").write_text(
        "[user]\nname = Ada L\nemail = ada@example.org\n[rpz]\norcid = 0000-0002-1825-0097\n"
        "[init]\ndefaultBranch = main\n"
    )

    def run(*words, cwd=tmp_path):
        subprocess.run(["git", *words], cwd=cwd, env=environ, check=True, capture_output=True)

    run.environ = environ
    return run


def test_why_and_who(rpz, git):
    options = ("--reason", "to see\nwhy", "--project", "P", "--tag", "a", "--tag", "b")
    found = traced(rpz, *options, "true", env=git.environ)
    assert found["why", "reason"] == [b"to see\nwhy"]
    assert found["why", "project"] == [b"P"]
    assert found["why", "tag"] == [b"a", b"b"]
    assert found["who", "git name"] == [b"Ada L"]
    assert found["who", "git email"] == [b"ada@example.org"]
    assert found["who", "orcid"] == [b"0000-0002-1825-0097"]
    assert uuid.UUID(found["run", "id"][0].decode()).version == 4


def test_each_run_has_its_own(rpz):
    first = traced(rpz, "--reason", "one", "true")
    again = rpz("trace", "--continue", "--reason", "two", "true")
    assert again.returncode == 0
    second = record(rpz.folder / ".rpz-trace", 1)
    assert record(rpz.folder / ".rpz-trace", 0) == first
    assert second["why", "reason"] == [b"two"]
    assert second["run", "id"] != first["run", "id"]


def test_when(rpz):
    found = traced(rpz, "true", env=os.environ | {"TZ": "Asia/Kolkata"})
    assert found["when", "utc offset"] == [b"+0530"]
    assert found["when", "time zone"] == [b"Asia/Kolkata"]


def test_it_is_in_the_pack(rpz, tmp_path):
    """But for what is secret."""
    secret = "ghp_" + "a1B2" * 9
    env = os.environ | {"GITHUB_TOKEN": secret}
    traced(rpz, "--reason", f"with {secret}", "--tag", "kept", "true", env=env)
    packed = rpz("pack")
    assert packed.returncode == 0, packed.stderr
    with (
        Pack.open(rpz.folder / "experiment.rpz") as pack,
        pack.metadata("trace.sqlite3") as trace,
    ):
        (tmp_path / "copy").mkdir()
        (tmp_path / "copy" / "trace.sqlite3").write_bytes(trace.read())
    found = record(tmp_path / "copy")
    assert found["why", "tag"] == [b"kept"]
    assert secret.encode() not in found["why", "reason"][0]
    assert found["why", "reason"][0].startswith(b"with ")


def test_the_code_that_was_read(rpz, git, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    git("init", "-q", cwd=tree)
    (tree / ".gitignore").write_text("cache\n")
    for name in ("a.sh", "other", "cache"):
        (tree / name).write_text(f"# {name}\n")
    git("add", "a.sh", "other", ".gitignore", cwd=tree)
    git("commit", "-qm", "one", cwd=tree)
    git("remote", "add", "origin", "https://me:secret@example.org/x.git", cwd=tree)
    (tree / "other").write_text("changed\n")
    (tree / "new").write_text("new")
    (tree / "unread").write_text("unread")
    script = "cat tree/a.sh tree/new tree/cache >tree/made; cat tree/made"  # which isn't code
    found = traced(rpz, "sh", "-c", script, env=git.environ)
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tree, capture_output=True, check=True
    ).stdout
    assert found["code", "commit"] == [commit.strip()]
    assert found["code", "branch"] == [b"main"]
    assert found["code", "remote"] == [b"https://example.org/x.git"]
    assert found["code", "pushed"] == [b"no"]
    assert b"+changed" in found["code", "diff"][0]
    assert found["code", "untracked"] == [b"new"]


def test_secrets_in_it_stay(rpz, git, tmp_path):
    git("init", "-q")
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "c.yaml").write_text("gain: 1\n")
    git("add", "a.py", "c.yaml")
    git("commit", "-qm", "one")
    (tmp_path / "a.py").write_text('API_KEY = "correct-horse"\nsettings.password = get(cat)\n')
    (tmp_path / "c.yaml").write_text(
        "gain: 2\nurl: db://me:battery-1@host/\npassword: staple-2\n"
        'all: [{"token": "more-less-3"}]\n'
    )
    reason = "with ghp_abcdefghijklmnopqrstuvwxyz0123456789"
    found = traced(rpz, "--reason", reason, "cat", "a.py", "c.yaml", env=git.environ)
    assert b"correct-horse" in found["code", "diff"][0]
    packed = rpz("pack", "p.rpz")
    assert b"Withheld, because they look like secrets: API_KEY, " in packed.stderr
    with Pack.open(tmp_path / "p.rpz") as pack, pack.metadata("trace.sqlite3") as trace:
        content = trace.read()
    for value in (b"correct-horse", b"battery-1", b"staple-2", b"more-less-3", reason[5:].encode()):
        assert value not in content
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "trace.sqlite3").write_bytes(content)
    left = record(tmp_path / "copy")
    assert b"+gain: 2\n+url: db://me:<redacted>@host/" in left["code", "diff"][0]
    assert left["parameter", "gain"] == [b"2"]
    with TraceDatabase.open(tmp_path / "copy" / "trace.sqlite3") as database:
        assert b"cat\0a.py\0c.yaml\0" in [row.argv for row in database.rows(RunRow)]


def test_changes_that_are_too_large_are_told_apart(git, tmp_path):
    git("init", "-q")
    (tmp_path / "a").write_text("a\n")
    git("add", "a")
    git("commit", "-qm", "one")
    told = set()
    for letter in "bc":
        (tmp_path / "a").write_text((letter + "\n") * 2**20)
        told |= set(git_trees.difference(os.fsencode(tmp_path)))
    assert {name for name, _ in told} == {"changes"}
    assert len(told) == 2
    assert all(b"too large to keep: " in value for _, value in told)


def test_a_tree_that_git_refuses_is_in_it(rpz, git, tmp_path):
    git("init", "-q")
    (tmp_path / "data").write_text("x")
    (tmp_path / ".git/config").write_text("[broken")
    (changes,) = traced(rpz, "cat", "data", env=git.environ)["code", "changes"]
    assert changes.startswith(b"not known: git failed with status 128: ")


def test_changes_that_take_too_long_are_not_known(git, tmp_path, monkeypatch):
    monkeypatch.setattr(changes, "PATIENCE", 0.2)
    git("init", "-q")
    os.mkfifo(tmp_path / "endless")
    with (tmp_path / ".git/config").open("a") as config:
        config.write("[include]\npath = ../endless\n")
    ((name, value),) = git_trees.difference(os.fsencode(tmp_path))
    assert name == "changes"
    assert value.startswith(b"not known: git took longer")


def test_a_pushed_commit(rpz, git, tmp_path):
    for name in ("up", "tree"):
        (tmp_path / name).mkdir()
    git("init", "-q", "--bare", cwd=tmp_path / "up")
    tree = tmp_path / "tree"
    git("init", "-q", cwd=tree)
    (tree / "a").write_text("a")
    git("add", "a", cwd=tree)
    git("commit", "-qm", "one", cwd=tree)
    git("remote", "add", "origin", str(tmp_path / "up"), cwd=tree)
    git("push", "-q", "origin", "main", cwd=tree)
    found = traced(rpz, "cat", "tree/a", env=git.environ)
    assert found["code", "pushed"] == [b"yes"]
    assert ("code", "diff") not in found


def test_a_tree_of_which_nothing_was_read_is_not_in_it(rpz, git, tmp_path):
    git("init", "-q")
    (tmp_path / ".gitignore").write_text("*\n")
    (tmp_path / "data").write_text("x")
    assert ("code", "untracked") not in traced(rpz, "cat", "data", env=git.environ)


def test_parameters(rpz):
    folder = rpz.folder
    (folder / "p.json").write_text('{"gain": 2, "api_key": "x"}')
    (folder / "unread.json").write_text('{"n": 1}')
    script = "cat p.json; echo '{\"gain\": 3}' > p.json"
    done = rpz("trace", "sh", "-c", script, "x", "--seed=7", "--password=hidden")
    assert done.returncode == 0
    with TraceDatabase.open(folder / ".rpz-trace" / "trace.sqlite3") as database:
        found = [
            (fact.name, fact.value, fact.source)
            for fact in facts_of(database, 0)
            if fact.topic == "parameter"
        ]
    assert found == [("seed", b"7", b""), ("gain", b"2", os.fsencode(folder / "p.json"))]


def test_a_pipe_in_the_place_of_a_parameter_file_is_not_waited_for(rpz, tmp_path):
    (tmp_path / "p.json").write_text('{"gain": 2}')
    script = "cat p.json; mv p.json q.json; mkfifo p.json"
    assert ("parameter", "gain") not in traced(rpz, "sh", "-c", script)


def test_chance(rpz):
    script = "import os, threading; open('/dev/urandom', 'rb').read(1)\n"
    script += "os.getrandom(16); os.fork() or (os.getrandom(17), os._exit(0))\nos.wait()\n"
    script += "t = threading.Thread(target=print); t.start(); t.join()"
    env = {**os.environ, "OMP_NUM_THREADS": "3", "LC_ALL": "C.UTF-8"}
    found = traced(rpz, "/usr/bin/python3", "-c", script, env=env)
    assert found["chance", "random device"] == [b"/dev/urandom"]
    assert found["chance", "getrandom"] == [b"python3 (16 bytes)", b"python3 (17 bytes)"]
    assert found["chance", "threads"] == [b"1"]
    assert b"OMP_NUM_THREADS=3" in found["chance", "setting"]
    assert b"LC_ALL=C.UTF-8" in found["chance", "locale"]
    assert ("chance", "network") not in found


def test_a_run_that_is_killed_has_its_record(rpz):
    words = ("--reason", "still known", "sh", "-c", "echo on; sleep 60")
    process = rpz.start("trace", *words, start_new_session=True)
    assert process.stdout.readline() == b"on\n"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    done = rpz("recover")
    assert done.returncode == 0, done.stderr
    found = record(rpz.folder / ".rpz-trace")
    assert found["why", "reason"] == [b"still known"]
    assert ("run", "id") in found


def test_a_trace_without_records_is_read(rpz):
    traced(rpz, "true")
    place = TraceFolder(rpz.folder / ".rpz-trace")
    with contextlib.closing(sqlite3.connect(place.database)) as connection:
        connection.execute("DROP TABLE facts")
        connection.commit()
    assert record(place.path) == {}
    assert rpz("trace", "--continue", "--reason", "x", "true").returncode == 0
    assert record(place.path) == {}
    assert record(place.path, 1)["why", "reason"] == [b"x"]


def test_a_trace_of_before_bytes_were_counted_is_read(rpz):
    traced(rpz, "true")
    place = TraceFolder(rpz.folder / ".rpz-trace")
    with contextlib.closing(sqlite3.connect(place.database)) as connection:
        connection.execute("DROP TABLE random_bytes")
        for table, column in LATER:
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.commit()
    assert rpz("trace", "--continue", "sh", "-c", "echo 12; :").returncode == 0
    pages = [json.loads(rpz("show", f":{run}", "--json").stdout) for run in (0, 1)]
    assert [page["bytes_written"] for page in pages] == [None, 3]
    assert b" read, " not in rpz("show", ":0").stdout
    lines = [rpz("ps", f":{run}").stdout.decode().splitlines()[1] for run in (0, 1)]
    assert [line.split()[5] for line in lines] == ["?", lines[1].split()[5]]
    assert lines[1].split()[7:9] == ["3", "bytes"]


def test_what_was_written_is_read(tmp_path):
    facts = [Fact("why", "reason", b"\xff\n\0"), Fact("code", "diff", b"", b"/\xfe")]
    write_facts(tmp_path / "facts" / "0.json", facts)
    assert list(read_facts(tmp_path / "facts" / "0.json")) == facts


@pytest.mark.parametrize("content", ["", "[", "{}", "[[1]]", "7", json.dumps([["a", "b"]])])
def test_what_was_cut_short_is_nothing(tmp_path, content):
    (tmp_path / "0.json").write_text(content)
    assert list(read_facts(tmp_path / "0.json")) == []
    assert list(read_facts(tmp_path / "missing")) == []


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "2"}, {"slurm job": b"7", "tasks": b"2"}),
        ({"PBS_JOBID": "7.host", "PBS_QUEUE": "q"}, {"pbs job": b"7.host", "queue": b"q"}),
        ({"JOB_ID": "7"}, {}),
        ({"JOB_ID": "7", "SGE_ROOT": "/sge", "SGE_TASK_ID": "undefined"}, {"sge job": b"7"}),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"}, {"rank": b"1", "tasks": b"2"}),
    ],
)  # fmt: skip
def test_jobs(environ, found):
    assert {fact.name: fact.value for fact in batch.job(environ)} == found


def test_machine(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor\t: 0\nmodel name\t: A CPU: fast\n")
    gpu = tmp_path / machine.GPUS.lstrip("/") / "0000:01:00.0"
    gpu.mkdir(parents=True)
    (gpu / "information").write_text("Model: \t\t A GPU\nIRQ: 1\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.containerenv").touch()
    found = {fact.name: fact.value for fact in machine.machine({}, tmp_path)}
    assert int(found.pop("cores")) > 0
    allowed = str(len(os.sched_getaffinity(0))).encode()
    assert found.pop("usable processors") == allowed
    assert found == {"processor": b"A CPU: fast", "gpu": b"A GPU", "container": b"podman"}
