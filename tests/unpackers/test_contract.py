"""What every unpacker must do: the same tests, with each of them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from rpz.unpackers import load
from rpz.unpackers.target import read
from tests.conftest import require
from tests.unpackers import packs

FOLDER = packs.FOLDER.encode("utf-8", "surrogateescape")


def words(result):
    """The program's output, unless it failed or said anything else."""
    assert (result.returncode, result.stderr) == (0, b"")
    return result.stdout.split(b"\0")


def mounts(folder):
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    return [line for line in lines if os.fsencode(folder) in line]


def test_identity(rpz, target):
    target(("dump",))
    assert words(rpz("run", "demo"))[0] == b"%d %d %s" % (packs.UID, packs.GID, FOLDER)


def test_arguments(rpz, target):
    target(("dump", "", "a b\n", "\udcff"))
    assert words(rpz("run", "demo"))[1:7] == [b"5", b"probe", b"dump", b"", b"a b\n", b"\xff"]


def test_environment(rpz, target):
    target(("dump",))
    environment = words(rpz("run", "demo", env={"OURS": "not the experiment's"}))[4:-1]
    assert sorted(environment) == [b"A=1", b"BYTES=\xfe\n", b"EMPTY=", b"PATH=/nowhere"]


def test_link_to_program(rpz, target):
    target(("status", "0"), binary="/bin/link")
    assert rpz("run", "demo").returncode == 0


def test_status(rpz, target):
    target(("status", "3"))
    assert rpz("run", "demo").returncode == 3


def test_death_by_signal(rpz, target):
    target(("signal", str(int(signal.SIGSEGV))))
    assert rpz("run", "demo").returncode == 128 + signal.SIGSEGV


def test_missing_program(rpz, target):
    target(("status", "0"), binary="/bin/missing")
    result = rpz("run", "demo")
    assert result.returncode == 127
    assert b"/bin/missing" in result.stderr
    assert result.stderr.count(b"\n") == 1


def test_nothing_runs_after_a_missing_program(rpz, target):
    target(("status", "0"), ("status", "4"), binary="/bin/missing")
    result = rpz("run", "demo")
    assert result.returncode == 127
    assert result.stderr.count(b"/bin/missing") == 1


def test_another_end_is_told(rpz, target):
    target(("status", "3"), ("status", "0"))
    result = rpz("run", "demo")
    assert result.returncode == 0
    assert result.stderr == b"rpz: run0 ended with exit status 3; when traced, with 0.\n"


def test_program_without_permission(rpz, target):
    target(("status", "0"), binary="/work")
    assert rpz("run", "demo").returncode == 126


def test_standard_streams(rpz, target):
    target(("cat",), ("stderr", "oops"))
    content = bytes(range(256)) * 2000
    assert rpz("run", "demo", "0", stdin=content).stdout == content
    assert rpz("run", "demo", "1").stderr == b"oops"


def test_without_standard_input(rpz, target):
    target(("cat",))
    with Path("/dev/null").open("rb") as null:
        process = rpz.start("run", "demo", stdin=null)
        assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 0


def test_much_output(rpz, target):
    target(("zeros", "10000000"))
    result = rpz("run", "demo")
    assert len(result.stdout) >= 10_000_000
    assert not result.stdout.strip(b"\0")


def test_reader_that_leaves(rpz, target):
    target(("zeros", "100000000000"))
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    assert process.stdout.read(10) == bytes(10)
    process.stdout.close()
    assert process.wait(timeout=60) == 128 + signal.SIGPIPE
    process.stderr.close()


def test_all_runs(rpz, target):
    target(("copy", "data.csv", "out.csv"), ("status", "4"))
    assert rpz("run", "demo").returncode == 4
    assert rpz("download", "demo", "out.csv:").stdout == packs.DATA


def test_chosen_runs(rpz, target):
    target(("status", "3"), ("status", "4"))
    assert rpz("run", "demo", "run0").returncode == 3
    assert rpz("run", "demo", "1", "0").returncode == 3


def test_unknown_run(rpz, target):
    target(("status", "0"))
    result = rpz("run", "demo", "7")
    assert result.returncode == 125
    assert b"0 (run0)" in result.stderr


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_forwarded_signal(rpz, target, signum):
    target(("sleep",))
    process = rpz.start("run", "demo", stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signum)
    assert process.wait(timeout=60) == 128 + signum
    process.stdout.close()
    process.stderr.close()


def test_system_folders(rpz, target):
    target(("exists", "/proc/self", "/dev/null", "/dev/pts", "/dev/shm", "/sys/kernel", "/tmp"))
    assert rpz("run", "demo").returncode == 0


def test_upload_and_download(rpz, target):
    target(("copy", "data.csv", "out.csv"))
    (rpz.folder / "other.csv").write_bytes(b"other")
    assert rpz("upload", "demo", "data.csv:other.csv").returncode == 0
    assert rpz("run", "demo").returncode == 0
    assert rpz("download", "demo", "out.csv:copy.csv").returncode == 0
    assert (rpz.folder / "copy.csv").read_bytes() == b"other"


def test_upload_keeps_owner_and_mode(rpz, target):
    """The experiment's user owns the file and nobody else may read it: it can still."""
    target(("copy", "data.csv", "out.csv"))
    (rpz.folder / "other.csv").write_bytes(b"x" * 300_000)
    (rpz.folder / "other.csv").chmod(0o600)
    assert rpz("upload", "demo", "latest.csv:other.csv").returncode == 0
    assert rpz("run", "demo").returncode == 0
    assert rpz("download", "demo", "latest.csv:").stdout == b"x" * 300_000


def test_upload_of_a_new_file(rpz, target):
    target(("copy", "/work/new", "out.csv"))
    (rpz.folder / "other").write_bytes(b"new")
    assert rpz("upload", "demo", "/work/new:other").returncode == 0
    assert rpz("run", "demo").returncode == 0
    assert rpz("download", "demo", "out.csv:").stdout == b"new"


def test_upload_into_missing_folder(rpz, target):
    target(("status", "0"))
    (rpz.folder / "other").write_bytes(b"new")
    result = rpz("upload", "demo", "/nowhere/new:other")
    assert (result.returncode, result.stderr.count(b"\n")) == (1, 1)


def test_output_that_was_not_made(rpz, target):
    target(("status", "0"))
    result = rpz("download", "demo", "out.csv:copy.csv")
    assert result.returncode == 1
    assert b"rpz run demo" in result.stderr
    assert not (rpz.folder / "copy.csv").exists()


def test_unknown_name(rpz, target):
    target(("status", "0"))
    result = rpz("download", "demo", "data.txt:copy.csv")
    assert result.returncode == 1
    assert b"data.csv, out.csv" in result.stderr


def test_swapped_names(rpz, target):
    target(("status", "0"))
    (rpz.folder / "other.csv").write_bytes(b"other")
    result = rpz("upload", "demo", "other.csv:data.csv")
    assert result.returncode == 1
    assert b"data.csv:other.csv" in result.stderr


def test_download_of_a_folder(rpz, target):
    target(("status", "0"))
    result = rpz("download", "demo", "/work:copy")
    assert result.returncode == 1
    assert b"not a regular file" in result.stderr


def test_download_all(rpz, target):
    target(("copy", "data.csv", "out.csv"))
    assert rpz("run", "demo").returncode == 0
    assert rpz("download", "demo", "--all").returncode == 0
    assert (rpz.folder / "out.csv").read_bytes() == packs.DATA


def test_listing(rpz, target):
    target(("status", "0"))
    first = rpz("download", "demo").stdout.splitlines()[0].split(maxsplit=2)
    assert first == [b"input", b"data.csv", FOLDER + b"/data.csv"]


def changes(folder):
    target = read(folder)
    return sorted(load(target.unpacker).changes(target))


def encoded(backend, path):
    """What a backend makes of a name: Docker's JSON has no bytes that aren't UTF-8."""
    return path.decode(errors="replace").encode() if backend == "docker" else path


def test_reset(rpz, target, backend):
    """Made, changed and uploaded files are gone, and it runs as at first."""
    folder = target(("copy", "data.csv", "out.csv"), ("exists", "out.csv"))
    assert rpz("run", "demo").returncode == 0
    assert changes(folder) == [encoded(backend, FOLDER + b"/out.csv")]
    (rpz.folder / "other.csv").write_bytes(b"other")
    assert rpz("upload", "demo", "data.csv:other.csv").returncode == 0
    assert encoded(backend, FOLDER + b"/data.csv") in changes(folder)
    done = rpz("reset", "demo")
    assert (done.returncode, done.stderr) == (0, b"rpz: demo is as it was unpacked\n")
    assert changes(folder) == []
    assert rpz("run", "demo", "1").returncode == 1
    assert rpz("download", "demo", "data.csv:").stdout == packs.DATA
    assert rpz("run", "demo", "0").returncode == 0


def test_reset_during_a_run(rpz, target):
    """Either it is refused, or the run goes on with its old files."""
    folder = target(("sleep",), ("status", "0"))
    process = rpz.start("run", "demo", "0", stdin=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    done = rpz("reset", "demo")
    assert done.returncode in (0, 1)
    assert (b"running already" in done.stderr) == (done.returncode == 1)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert changes(folder) == []
    assert rpz("run", "demo", "1").returncode == 0


def test_what_a_new_target_has_changed(target):
    assert changes(target(("status", "0"))) == []


def test_state_lasts_from_run_to_run(rpz, target):
    target(("copy", "data.csv", "out.csv"), ("exists", "out.csv"))
    assert rpz("run", "demo", "1").returncode == 1
    assert rpz("run", "demo", "0").returncode == 0
    assert rpz("run", "demo", "1").returncode == 0


def test_nothing_stays_mounted(rpz, target):
    before = mounts(rpz.folder)
    target(("status", "0"))
    rpz("run", "demo")
    assert mounts(rpz.folder) == before


def test_existing_target(rpz, target, backend):
    target(("status", "0"))
    result = rpz("unpack", backend, "exp.rpz", "demo")
    assert result.returncode == 1
    assert b"demo exists already" in result.stderr
    assert b"rpz destroy demo" in result.stderr


def test_destroy(rpz, target):
    folder = target(("status", "0"))
    assert rpz("destroy", "demo").returncode == 0
    assert not folder.exists()
    assert sorted(path.name for path in rpz.folder.iterdir()) == ["exp.rpz"]


@pytest.mark.parametrize("name", [".", "link"])
def test_destroy_by_another_name(rpz, target, name):
    folder = target(("status", "0"))
    (folder / "link").symlink_to(".")
    assert type(rpz)(folder, rpz.environment)("destroy", name).returncode == 0
    assert not folder.exists()


def test_damaged_pack_leaves_nothing(rpz, backend, pack, tmp_path):
    whole = pack(("status", "0")).read_bytes()
    (tmp_path / "exp.rpz").write_bytes(whole.replace(whole[20_000:20_100], bytes(100), 1))
    result = rpz("unpack", backend, "exp.rpz", "demo")
    assert result.returncode == 1
    assert result.stderr.count(b"\n") == 1
    assert [path.name for path in rpz.folder.iterdir()] == ["exp.rpz"]


def test_interrupted_unpack_leaves_nothing(rpz, backend, probe):
    members = packs.experiment(probe)
    members += [packs.file(f"DATA/work/{n}", b"x" * 1000) for n in range(20_000)]
    packs.write_pack(rpz.folder / "exp.rpz", packs.config(("status", "0")), packs.data_tar(members))
    process = rpz.start("unpack", backend, "exp.rpz", "demo")
    while len(list(rpz.folder.iterdir())) == 1:
        time.sleep(0.01)
        assert process.poll() is None
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
    assert [path.name for path in rpz.folder.iterdir()] == ["exp.rpz"]


def test_a_set_user_id_program_runs_as_its_owner(rpz, backend, probe):
    """``sudo`` and ``su`` in a root of root's own; nobody else gets at them."""
    require(os.geteuid() == 0, "not root, who can give files away")
    members = [
        packs.file("DATA/bin/probe", probe.read_bytes(), mode=0o6755),
        packs.folder(f"DATA{packs.FOLDER}", uid=packs.UID),
        packs.file("DATA/secret", b"root's", mode=0o600),
    ]
    config = packs.config(("copy", "/secret", "out.csv"))
    packs.write_pack(rpz.folder / "exp.rpz", config, packs.data_tar(members))
    unpacked = rpz("unpack", backend, "exp.rpz", "demo")
    try:
        done = rpz("run", "demo")
        assert done.returncode == 0, done.stderr
        assert rpz("download", "demo", "out.csv:got").returncode == 0
        assert (rpz.folder / "got").read_bytes() == b"root's"
        mode = stat.S_IMODE((rpz.folder / "demo").stat().st_mode)
        closed = backend != "docker"
        assert mode == (0o700 if closed else 0o755)
        assert (b"only root can enter demo" in unpacked.stderr) == closed
    finally:
        assert rpz("destroy", "demo").returncode == 0


def test_everybody_can_enter_another_target(target):
    assert stat.S_IMODE(target(("status", "0")).stat().st_mode) == 0o755
