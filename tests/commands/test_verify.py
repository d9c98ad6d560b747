"""``rpz pack --verify``: the pack is replayed and compared, and nothing is left of that."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import pytest

from rpz.commands.verification import DiffersError, NotVerifiedError, verify_pack
from rpz.errors import OWN_FAILURE
from rpz.packer import outputs
from rpz.packer.archive import reader
from rpz.packer.config import reader as config_reader
from rpz.unpackers import compare, namespaces, verify
from tests.conftest import become, require, rpz_in

assert all((outputs, reader, config_reader, compare, verify))
"""What is imported when it is needed is out of the reach of another user."""

USER = os.environ.get("RPZ_TEST_USER", "nobody")
SAME = "sort in > same.txt"
TIME = "date +%s%N > time.txt"


@pytest.fixture
def journey(rpz, tmp_path, native_tracer, chroot_allowed, monkeypatch):
    """Trace a script, and return what packs it with --verify."""
    del native_tracer, chroot_allowed
    (tmp_path / "in").write_text("b\na\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))

    def trace_and_verify(script, *options, edit=None, status=0):
        (tmp_path / "script").write_text(script)
        done = rpz("trace", *options, "sh", "script")
        assert done.returncode == status, done.stderr
        if edit is not None:
            edit(tmp_path / ".rpz-trace" / "config.yml")
        rpz.environment["TMPDIR"] = str(scratch)
        verified = rpz("pack", "--verify")
        assert list(scratch.iterdir()) == []
        assert (tmp_path / "experiment.rpz").exists()
        return verified.returncode, verified.stderr.decode()

    return trace_and_verify


def test_the_same_bytes(journey):
    status, told = journey(f"{SAME}; echo noise; echo more noise >&2")
    assert status == 0, told
    assert "rpz: run0: exit status 0, as traced, 1 of 1 output the same\n" in told
    assert "rpz:   same.txt: the same bytes\n" in told
    assert "noise" not in told


def test_an_output_with_the_time_in_it(journey):
    status, told = journey(f"{SAME}; (echo now:; date +%s%N) > time.txt")
    assert status == 1
    assert "exit status 0, as traced, 1 of 2 outputs the same" in told
    assert "same.txt: the same bytes" in told
    assert "time.txt: differs: 25 bytes; when traced, 25; the first difference is at byte " in told
    assert ", in line 2\n" in told
    assert "experiment.rpz is kept, but does not replay as traced: run0." in told
    assert "rpz unpack chroot experiment.rpz DIR; rpz run DIR; rpz download DIR" in told


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ("echo a > out; [ -e mark ] && echo b >> out; true", "2 bytes; when traced, 4"),
        ("echo a > out; [ -e mark ] || echo b >> out; true", "4 bytes; when traced, 2"),
    ],
)
def test_an_output_that_is_the_beginning_of_the_other(journey, tmp_path, script, place):
    (tmp_path / "mark").write_text("1")
    status, told = journey(script, edit=lambda config: leave_out(config, "/mark"))
    assert status == 1
    assert f"out: differs: {place}; the first difference is at byte 3, in line 2\n" in told


def test_an_exit_status_of_3_is_as_traced(journey):
    status, told = journey(f"{SAME}; exit 3", status=3)
    assert (status, "exit status 3, as traced" in told) == (0, True), told


def test_what_a_run_that_ends_otherwise_has_said(journey, tmp_path):
    (tmp_path / "good").write_text("1")
    script = "if [ ! -e good ]; then echo trouble >&2; exit 4; fi"
    status, told = journey(script, edit=lambda config: leave_out(config, "/good"))
    assert status == 1
    assert "exit status 4; when traced, 0, no outputs to compare\nrpz:   > trouble\n" in told


def test_a_file_that_was_taken_out(journey):
    status, told = journey(SAME, edit=lambda config: leave_out(config, "/in"))
    assert status == 1
    assert "exit status 2; when traced, 0" in told
    assert "  > sort: cannot read: in: No such file or directory\n" in told


def test_an_output_that_is_not_made(journey):
    script = "if [ -e in ]; then echo 1 > made; rm in; fi"
    status, told = journey(script, edit=lambda config: leave_out(config, "/in"))
    assert (status, "made: was not made" in told) == (1, True), told


def leave_out(config, end):
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if f'{end}"' not in line or "path" in line))


def test_a_program_that_can_not_be_started(journey):
    status, told = journey(SAME, edit=lambda config: leave_out(config, "/dash"))
    assert status == 1
    assert (
        "run0: not started (/usr/bin/sh, or the interpreter that it names, was not found)" in told
    )


def test_many_outputs_those_that_differ_first(journey):
    status, told = journey(f"for i in $(seq 30); do echo 1 > a$i; done; {TIME}")
    assert status == 1
    assert "30 of 31 outputs the same\nrpz:   time.txt: differs: " in told
    assert told.count(": the same bytes\n") == 19
    assert "rpz:   and 11 more outputs\n" in told


def test_outputs_that_were_not_hashed(journey):
    status, told = journey(SAME, "--no-hash")
    assert (status, "same.txt: the same bytes" in told) == (0, True), told


def test_several_runs_each_with_what_it_left(rpz, journey):
    done = rpz("trace", "sh", "-c", "cp in out")
    assert done.returncode == 0, done.stderr
    status, told = journey("echo c >> out", "--continue")
    assert status == 0, told
    assert "run0: exit status 0, as traced, 1 of 1 output the same" in told
    assert "run1: exit status 0, as traced, 1 of 1 output the same" in told


def test_an_output_that_changed_since(journey, tmp_path):
    """Its digest counts, and where the difference is can't be told."""
    edit = lambda _config: (tmp_path / "time.txt").write_text("x")  # noqa: E731
    status, told = journey(TIME, edit=edit)
    assert status == 1
    assert "time.txt: differs: 20 bytes; when traced, 20\n" in told


def end_group(terminal):
    """As Ctrl-C does."""
    os.killpg(terminal.pid, signal.SIGINT)


@pytest.mark.parametrize(
    ("end", "ended"),
    [
        (end_group, (130, b"rpz: Interrupted.")),
        (subprocess.Popen.terminate, (143, b"rpz: Terminated.")),
    ],
)
def test_a_run_that_is_interrupted_leaves_nothing(
    rpz, tmp_path, native_tracer, chroot_allowed, end, ended
):
    del native_tracer, chroot_allowed
    (tmp_path / "first").write_text("1")
    script = "if [ -e first ]; then rm first; else while :; do :; done; fi; echo 1 > out"
    assert rpz("trace", "sh", "-c", script).returncode == 0
    leave_out(tmp_path / ".rpz-trace" / "config.yml", "/first")
    rpz.environment["TMPDIR"] = str(tmp_path)
    terminal = subprocess.Popen(
        ["setsid", *rpz.argv("pack", "--verify")], cwd=tmp_path, env=rpz.environment,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    for line in terminal.stderr:
        if b"Running run0 again" in line:
            break
    time.sleep(0.5)
    end(terminal)
    _, told = terminal.communicate(timeout=20)
    assert (terminal.returncode, told.strip()) == ended
    assert not list(tmp_path.glob("rpz-verify-*"))


def test_where_there_is_no_sandbox(rpz, tmp_path, native_tracer, monkeypatch):
    """It is said, with an exit status of its own; the pack is there."""
    del native_tracer

    def forbidden(_flags):
        raise PermissionError(1, "Operation not permitted")

    assert rpz("trace", "true").returncode == 0
    assert rpz("pack").returncode == 0
    monkeypatch.setattr(namespaces, "unshare", forbidden)
    pack = tmp_path / "experiment.rpz"
    with pytest.raises(NotVerifiedError, match=r"is made, but can't be verified here\.") as raised:
        verify_pack(pack, tmp_path / ".rpz-trace")
    assert raised.value.exit_code == OWN_FAILURE
    assert "rpz unpack docker" in raised.value.remedy


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("noexec", "which is mounted so (noexec). Set TMPDIR to"),
        ("size=64k", "Set TMPDIR to a folder with more room"),
    ],
)
def test_where_there_is_no_place_for_it(rpz, tmp_path, native_tracer, options, why):
    del native_tracer
    require(os.geteuid() == 0, "not root, who can mount something for the test")
    assert rpz("trace", "true").returncode == 0
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", scratch], check=True)
    try:
        done = rpz("pack", "--verify", env={"TMPDIR": str(scratch)})
        assert done.returncode == OWN_FAILURE
        assert why in done.stderr.decode()
        assert (tmp_path / "experiment.rpz").exists()
        done = rpz("replay", "experiment.rpz", env={"TMPDIR": str(scratch)})
        assert done.returncode == OWN_FAILURE
        assert why in done.stderr.decode()
        assert list(scratch.iterdir()) == []
    finally:
        subprocess.run(["umount", scratch], check=True)


def test_an_ordinary_user_verifies(native_tracer, chroot_allowed):
    """The same in a user namespace, and nothing is left."""
    del native_tracer, chroot_allowed
    require(os.geteuid() == 0, "not root, who can become an ordinary user for the test")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    try:
        (folder / "in").write_text("b\na\n")
        rpz = rpz_in(folder)
        assert rpz("trace", "sh", "-c", f"{SAME}; {TIME}").returncode == 0
        assert rpz("pack").returncode == 0
        scratch = folder / "scratch"
        scratch.mkdir()
        scratch.chmod(0o777)
        assert as_user(folder, scratch) == 7
        assert list(scratch.iterdir()) == []
    finally:
        shutil.rmtree(folder)


def as_user(folder, scratch):
    pid = os.fork()
    if pid == 0:
        _verify_as_user(folder, scratch)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _verify_as_user(folder, scratch):
    status = 1
    try:
        become(USER)
        tempfile.tempdir = str(scratch)
        verify_pack(folder / "experiment.rpz", folder / ".rpz-trace")
    except DiffersError:  # as it has to, because of the time
        status = 7
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)
