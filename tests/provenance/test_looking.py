"""What ``rpz show``, ``ps``, ``files``, ``env`` and ``note`` tell of real runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import tempfile
from datetime import datetime, timezone

import pytest

from rpz.process import Terminated
from rpz.provenance.source import opened

SCRIPT = "read x < in.txt; cat in.txt > 'out\n1'; (sleep 0.2; exit 3); kill -9 $$"


@pytest.fixture
def folder(rpz):
    """Two runs: one that is killed, and one that ends well, in Kolkata."""
    (rpz.folder / "in.txt").write_text("7\n")
    env = {"PATH": os.environ["PATH"], "A": "1", "LINES": "a\nb"}
    assert rpz("trace", "--name", "first", "sh", "-c", SCRIPT, env=env).returncode == 137
    assert rpz("trace", "--continue", "true", env={**env, "TZ": "Asia/Kolkata"}).returncode == 0
    return rpz.folder


def printed(rpz, *words):
    done = rpz(*words)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()


def as_json(rpz, *words):
    return json.loads(printed(rpz, *words, "--json"))


def test_what_tools_keep_in_hidden_folders_is_no_input(rpz):
    (rpz.folder / ".tool").mkdir()
    for name in (".tool/list", ".tool/named", "data"):
        (rpz.folder / name).write_text(name)
    command = ["sh", "-c", "cat .tool/list $1 data", "sh", ".tool/named"]
    assert rpz("trace", *command).returncode == 0
    found = {os.path.relpath(file["path"], rpz.folder) for file in as_json(rpz, "show")["inputs"]}
    assert found == {".tool/named", "data"}


@pytest.mark.usefixtures("folder")
class TestShow:
    def test_the_last_run(self, rpz):
        page = printed(rpz, "show")
        assert page.startswith("run1: true\n")
        assert "exit status 0" in page
        assert "+05:30" in page

    @pytest.mark.parametrize("run", [".rpz-trace:first", ".rpz-trace:0", ":first", ":0"])
    def test_a_run(self, rpz, run):
        page = printed(rpz, "show", run)
        assert page.startswith("first: sh -c ")
        assert "killed by signal 9" in page
        assert re.search(r"  used .* read, \d+ bytes written, 4 processes\n", page)
        assert f"    {rpz.folder}/in.txt (2 bytes)\n" in page
        assert f"    {rpz.folder}/out\\n1 (2 bytes)\n" in page

    def test_json(self, rpz):
        page = as_json(rpz, "show", ".rpz-trace:first")
        assert page["argv"] == ["sh", "-c", SCRIPT]
        assert page["seconds"] >= 0.2
        time = int((rpz.folder / "in.txt").stat().st_mtime)
        modified = datetime.fromtimestamp(time, timezone.utc).isoformat(sep=" ")
        assert page["inputs"] == [
            {"path": f"{rpz.folder}/in.txt", "size": 2,
             "sha256": hashlib.sha256(b"7\n").hexdigest(),
             "modified": modified}
        ]  # fmt: skip
        assert {fact["name"] for fact in page["facts"]["run"]} == {"id"}
        assert page["bytes_read"] > page["bytes_written"] >= 2
        assert all(p["files"] > 0 and p["manager"] for p in page["packages"])
        assert page["packages"]

    def test_a_pack_says_the_same(self, rpz):
        assert rpz("pack").returncode == 0
        for words in (["show"], ["ps"], ["files"], ["env"]):
            assert printed(rpz, *words, "experiment.rpz:first") == printed(
                rpz, *words, ".rpz-trace:first"
            )


@pytest.mark.usefixtures("folder")
def test_ps(rpz):
    lines = printed(rpz, "ps", ".rpz-trace:first").splitlines()[1:]
    assert len(lines) == 4
    assert lines[0].split()[0] == "1"
    assert "signal 9" in lines[0]
    assert lines[1].endswith("    cat in.txt")
    found = as_json(rpz, "ps", ".rpz-trace:first")
    assert [process["depth"] for process in found] == [0, 1, 1, 2]
    assert [process["signal"] for process in found] == [9, None, None, None]
    assert [process["status"] for process in found] == [None, 0, 3, 0]
    assert found[3]["commands"] == [["sleep", "0.2"]]
    assert found[3]["seconds"] >= 0.2
    cat, shell = found[1], found[0]
    assert (cat["bytes_read"] > 2, cat["bytes_written"]) == (True, 2)
    assert shell["bytes_read"] > cat["bytes_read"]
    assert "  2 bytes  0 " in lines[1]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_copy_of_a_packed_trace(rpz, tmp_path, monkeypatch, signum):
    assert rpz("pack").returncode == 0
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with pytest.raises(Terminated), opened(str(rpz.folder / "experiment.rpz")):  # noqa: PT012
        assert list(scratch.iterdir()) != []
        os.kill(os.getpid(), signum)
        signal.pause()
    assert list(scratch.iterdir()) == []


def test_ps_of_threads_and_of_a_program_after_another(rpz):
    code = "import threading as t, os; x = t.Thread(target=print); x.start(); x.join()"
    code += "; os.execv('/bin/echo', ['echo', 'a b'])"
    assert rpz("trace", "/usr/bin/python3", "-c", code).returncode == 0
    (process,) = as_json(rpz, "ps")
    assert process["threads"] == 1
    assert [command[0] for command in process["commands"]] == ["/usr/bin/python3", "echo"]
    assert printed(rpz, "ps").splitlines()[1].endswith(" => echo 'a b' (1 more thread)")


@pytest.mark.usefixtures("folder")
class TestFiles:
    def test_written(self, rpz):
        digest = hashlib.sha256(b"7\n").hexdigest()[:16]
        line = f"-w+ {digest} {2:>12} {rpz.folder}/out\\n1\n"
        assert printed(rpz, "files", "--written", ".rpz-trace:0") == line

    def test_read(self, rpz):
        assert f" {rpz.folder}/in.txt\n" in printed(rpz, "files", "--read", ".rpz-trace:0")

    def test_by_a_process(self, rpz):
        found = as_json(rpz, "files", ".rpz-trace:0", "--by", "2")
        paths = {file["path"] for file in found}
        assert f"{rpz.folder}/in.txt" in paths
        assert not any("sleep" in path for path in paths)
        assert all(2 in file["processes"] for file in found)

    def test_by_nobody(self, rpz):
        done = rpz("files", "--by", "77")
        assert done.returncode == 1
        assert done.stderr == b"rpz: The run has no process 77. rpz ps lists them.\n"

    def test_an_input_that_was_overwritten_has_both_contents(self, rpz):
        script = "read x < in.txt; echo 8 > in.txt"
        assert rpz("trace", "-d", "other", "sh", "-c", script).returncode == 0
        (file,) = [f for f in as_json(rpz, "files", "other") if f["path"].endswith("in.txt")]
        assert file["before"]["sha256"] == hashlib.sha256(b"7\n").hexdigest()
        assert file["after"]["sha256"] == hashlib.sha256(b"8\n").hexdigest()
        assert (file["read"], file["written"], file["made"]) == (True, True, False)


@pytest.mark.usefixtures("folder")
def test_env(rpz):
    lines = printed(rpz, "env", ".rpz-trace:0").splitlines()
    assert "A=1" in lines
    assert "LINES=a\\nb" in lines
    assert lines == sorted(lines)
    assert as_json(rpz, "env", ".rpz-trace:0")["LINES"] == "a\nb"


def test_secrets_are_shown_if_asked_for(rpz):
    token = "ghp_" + "k3Jd8sLq0Zx7Vb2Nm5Ty9Rw4Ue6Pa1Sc0Df8"
    env = {"PATH": os.environ["PATH"], "MY_TOKEN": token}
    assert rpz("trace", "true", f"--password={token}", env=env).returncode == 0
    for command in ("show", "ps", "env"):
        page = printed(rpz, command)
        assert token not in page
        assert "<redacted>" in page
        assert token in printed(rpz, command, "--secrets", "--json")


@pytest.mark.usefixtures("folder")
class TestNote:
    def test_it_is_shown(self, rpz):
        assert rpz("note", "first", "gain", "was\nwrong").returncode == 0
        assert rpz("note", "0", "really").returncode == 0
        page = printed(rpz, "show", ".rpz-trace:first")
        assert page.index("gain was\\nwrong\n") < page.index(" really\n")
        assert "really" not in printed(rpz, "show")

    def test_of_no_run(self, rpz):
        done = rpz("note", "third", "x")
        assert done.returncode == 1
        assert b"0 (first), 1 (run1)" in done.stderr

    def test_it_changes_nothing_else(self, rpz):
        before = as_json(rpz, "files", ".rpz-trace:0")
        config = (rpz.folder / ".rpz-trace" / "config.yml").read_bytes()
        assert rpz("note", "0", "x").returncode == 0
        assert as_json(rpz, "files", ".rpz-trace:0") == before
        assert (rpz.folder / ".rpz-trace" / "config.yml").read_bytes() == config


class TestBadInput:
    @pytest.mark.parametrize("command", ["show", "ps", "files", "env"])
    @pytest.mark.parametrize("what", ["missing", "folder", "junk", "missing:run0"])
    def test_what_is_no_trace(self, rpz, command, what):
        (rpz.folder / "folder").mkdir()
        (rpz.folder / "junk").write_bytes(b"junk")
        done = rpz(command, what)
        assert done.returncode == 1
        assert done.stdout == b""
        assert done.stderr.count(b"\n") == 1

    def test_a_name_with_a_colon(self, rpz):
        assert rpz("trace", "-d", "a:b", "true").returncode == 0
        assert printed(rpz, "show", "a:b").startswith("run0: true")
        assert printed(rpz, "show", "a:b:run0").startswith("run0: true")

    def test_a_run_that_was_killed(self, rpz):
        process = rpz.start("trace", "sh", "-c", "echo on; sleep 60", start_new_session=True)
        assert process.stdout.readline() == b"on\n"
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert rpz("recover").returncode == 0
        assert "its end was not seen" in printed(rpz, "show")
        assert as_json(rpz, "ps")[0]["status"] is None
