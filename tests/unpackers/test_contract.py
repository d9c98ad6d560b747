"""What every unpacker must do: the same tests, with each of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import stat
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest
from rpaths import PosixPath

from rpz.packer.config.model import InputOutput
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


def test_changed_environment(rpz, target):
    target(("dump",))
    ours = {"OURS_1": "one", "OURS_2": "\udcfd", "OTHERS": "3", "B": "4"}
    options = ["--set-env", "A=x=\udcff", "--set-env", "EMPTY", "--set-env", "OURS_2="]
    options += ["--pass-env", "OURS_.*", "--pass-env", "OTHER"]
    environment = words(rpz("run", "demo", *options, env=ours))[4:-1]
    assert sorted(environment) == [
        b"A=x=\xff", b"BYTES=\xfe\n", b"OURS_1=one", b"OURS_2=", b"PATH=/nowhere"
    ]  # fmt: skip


def test_another_command(rpz, target):
    """In the run's folder, with its environment, as its user; found as a shell finds it."""
    target(("status", "3"), ("status", "4"))
    options = ["--set-env", "PATH=/work:/bin", "--", "probe", "dump", "--set-env", "", "\udcff"]
    said = words(rpz("run", "demo", "1", *options))
    assert said[0] == b"%d %d %s" % (packs.UID, packs.GID, FOLDER)
    assert said[1:7] == [b"5", b"probe", b"dump", b"--set-env", b"", b"\xff"]
    assert b"PATH=/work:/bin" in said
    assert words(rpz("run", "demo", "--", "../../bin/probe", "dump"))[2] == b"../../bin/probe"
    assert rpz("run", "demo", "--", "/bin/probe", "status", "7").returncode == 7


def test_another_command_that_is_not_there(rpz, target):
    target(("status", "0"))
    result = rpz("run", "demo", "--", "probe")
    assert (result.returncode, result.stderr.count(b"\n")) == (127, 1)
    assert b"PATH" in result.stderr
    assert rpz("run", "demo", "--", "/work").returncode == 126


def test_another_command_is_one_run(rpz, target):
    target(("status", "3"), ("status", "4"))
    assert rpz("run", "demo", "0-1", "--", "/bin/probe", "status", "5").returncode == 2
    assert rpz("run", "demo", "--").returncode == 2


def test_another_input_for_one_run(rpz, target):
    """The input is what it was afterwards, with its owner: the run reads it again."""
    target(("copy", "data.csv", "out.csv"))
    (rpz.folder / "other.csv").write_bytes(b"other")
    assert rpz("run", "demo", "--input", "data.csv=other.csv").returncode == 0
    assert rpz("download", "demo", "out.csv:").stdout == b"other"
    assert rpz("download", "demo", "data.csv:").stdout == packs.DATA
    assert rpz("run", "demo").returncode == 0
    assert rpz("download", "demo", "out.csv:").stdout == packs.DATA


def test_another_input_that_the_run_changes(rpz, target):
    target(("copy", "data.csv", "out.csv"))
    assert rpz("run", "demo").returncode == 0
    (rpz.folder / "other.csv").write_bytes(b"other")
    result = rpz("run", "demo", "--input", "out.csv=other.csv")
    assert (result.returncode, b"out.csv stays as" in result.stderr) == (0, True)
    assert rpz("download", "demo", "out.csv:").stdout == packs.DATA


def test_another_input_of_a_wrong_name(rpz, target):
    target(("status", "0"))
    (rpz.folder / "other.csv").write_bytes(b"other")
    result = rpz("run", "demo", "--input", "data.txt=other.csv")
    assert (result.returncode, result.stderr.count(b"\n")) == (125, 1)
    assert b"data.csv, out.csv" in result.stderr


def listed(rpz, folder):
    """What `rpz targets` says of the targets below a folder."""
    done = rpz("targets", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    return [row for row in rows if Path(row["folder"]).is_relative_to(folder)]


def test_list_of_targets(rpz, target, backend):
    folder = target(("status", "0"), ("status", "0"))
    (row,) = listed(rpz, rpz.folder)
    assert row["folder"] == str(folder)
    assert row["pack"] == str(rpz.folder / "exp.rpz")
    assert (row["state"], row["backend"]) == ("ready", backend)
    assert row["runs"] == ["run0", "run1"]
    assert f"{folder}  (" in rpz("targets").stdout.decode()
    assert rpz("destroy", "demo").returncode == 0
    assert listed(rpz, rpz.folder) == []


def test_target_that_was_moved(rpz, target):
    folder = target(("status", "0"))
    folder.rename(rpz.folder / "moved")
    assert rpz("run", "moved").returncode == 0
    (row,) = listed(rpz, rpz.folder)
    assert (row["folder"], row["state"]) == (str(rpz.folder / "moved"), "ready")
    (rpz.folder / "moved").rename(folder)
    assert rpz("download", "demo").returncode == 0
    assert [row["folder"] for row in listed(rpz, rpz.folder)] == [str(folder)]


def test_target_that_was_removed_by_hand(rpz, target, backend):
    """It is said, and what an engine still has of it can be removed."""
    folder = target(("status", "0"))
    shutil.rmtree(folder)
    (row,) = listed(rpz, rpz.folder)
    assert row["state"] == "gone"
    if backend == "docker":
        assert f"rpz destroy {folder}" in rpz("targets").stdout.decode()
        assert rpz("destroy", folder).returncode == 0
        inspected = subprocess.run(
            ["docker", "inspect", row["data"]["container"]], check=False, capture_output=True
        )
        assert inspected.returncode == 1
    assert listed(rpz, rpz.folder) == []


@pytest.fixture
def target_with_shell(rpz, backend, probe):
    require("busybox", "no busybox (on Debian and Ubuntu: apt-get install busybox-static)")
    members = packs.experiment(probe)
    busybox = Path(shutil.which("busybox")).read_bytes()
    members.append(packs.file("DATA/bin/busybox", busybox, mode=0o755))
    config = packs.config(("status", "3"), ("status", "4"))
    packs.write_pack(rpz.folder / "exp.rpz", config, packs.data_tar(members))
    assert rpz("unpack", backend, "exp.rpz", "demo").returncode == 0
    yield rpz.folder / "demo"
    assert rpz("destroy", "demo").returncode == 0


@pytest.mark.usefixtures("target_with_shell")
def test_shell(rpz):
    """In the folder, with the environment and as the user of the run; its status is ours."""
    script = b'/bin/probe dump "$A" "$B"; exit 6'
    done = rpz("shell", "demo", "run1", "--set-env", "B=2", stdin=script)
    assert (done.returncode, done.stderr) == (6, b"")
    said = done.stdout.split(b"\0")
    assert said[0] == b"%d %d %s" % (packs.UID, packs.GID, FOLDER)
    assert said[2:6] == [b"/bin/probe", b"dump", b"1", b"2"]


@pytest.mark.usefixtures("target_with_shell")
def test_shell_on_a_terminal(rpz):
    terminal = Terminal(rpz, "shell", "demo")
    terminal.await_text(b" ")  # the prompt
    terminal.type(b"test -e /bin/probe || exit 5; /bin/probe terminal\n")
    terminal.await_text(b"111 ")
    terminal.type(b"typed\n")
    terminal.await_text(b"read typed\r\n")
    terminal.type(b"exit 9\n")
    assert terminal.wait() == 9


def test_without_a_shell(rpz, target):
    target(("status", "0"))
    done = rpz("shell", "demo")
    assert (done.returncode, done.stderr.count(b"\n")) == (125, 1)
    assert b"rpz run demo -- PROGRAM" in done.stderr


class Terminal:
    """``rpz`` on a terminal of its own, as in an emulator's window."""

    def __init__(self, rpz, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for signum in (signal.SIGINT, signal.SIGQUIT):  # ignored, if we are in the background
                signal.signal(signum, signal.SIG_DFL)
            os.chdir(rpz.folder)
            argv = rpz.argv(*words)
            os.execvpe(argv[0], argv, rpz.environment)
        self.printed = b""

    def resize(self, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def await_text(self, text):
        while text not in self.printed:
            ready, _, _ = select.select([self.fd], [], [], 60)
            assert ready, self.printed
            self.printed += os.read(self.fd, 1000)  # ends with an error, when all have closed it

    def type(self, keys):
        os.write(self.fd, keys)

    def wait(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.fd, 1000):
                self.printed += data
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_terminal(rpz, target):
    """All streams are a terminal, of the right width, also when that changes, and it echoes."""
    target(("terminal",))
    terminal = Terminal(rpz, "run", "demo")
    terminal.await_text(b"111 ")
    terminal.resize(77)
    time.sleep(0.5)
    terminal.type(b"typed\n")
    assert terminal.wait() == 5
    assert b"77 columns, read typed\r\n" in terminal.printed
    assert terminal.printed.count(b"typed\r\n") == 2


@pytest.mark.parametrize(
    ("key", "signum"), [(b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)], ids=["INT", "QUIT"]
)
def test_keys_that_are_signals(rpz, target, key, signum):
    target(("sleep",))
    terminal = Terminal(rpz, "run", "demo")
    terminal.await_text(b"ready")
    terminal.type(key)
    assert terminal.wait() == 128 + signum


def test_forwarded_signal_on_a_terminal(rpz, target):
    target(("count", "2"))
    terminal = Terminal(rpz, "run", "demo")
    terminal.await_text(b"ready")
    os.kill(terminal.pid, signal.SIGUSR1)
    terminal.await_text(b"1 signal")
    os.kill(terminal.pid, signal.SIGUSR1)
    assert terminal.wait() == 2
    assert b"2 signals\r\n" in terminal.printed


def test_status_on_a_terminal(rpz, target):
    target(("status", "3"), ("signal", "11"))
    assert Terminal(rpz, "run", "demo", "0").wait() == 3
    assert Terminal(rpz, "run", "demo", "1").wait() == 139
    assert rpz("run", "demo", "0").returncode == 3


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


def test_download_all_that_are_there(rpz, target):
    """One that is missing or no file is told, and the others are taken."""
    here = PosixPath(FOLDER)
    outputs = [
        ("new", here / b"new"),
        ("folder", PosixPath(b"/work")),
        ("sub/o", here / b"out.csv"),
    ]
    files = tuple(InputOutput(name, path, (), (0,)) for name, path in outputs)
    target(("copy", "data.csv", "out.csv"), inputs_outputs=files)
    assert rpz("run", "demo").returncode == 0
    done = rpz("download", "demo", "--all")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert (rpz.folder / "sub" / "o").read_bytes() == packs.DATA
    assert sorted(path.name for path in rpz.folder.iterdir()) == ["demo", "exp.rpz", "sub"]


def test_download_without_room(rpz, target):
    """It names the file, and leaves none."""
    target(("status", "0"))
    argv = ["sh", "-c", 'ulimit -f 0; exec "$@"', "-"]
    argv += rpz.argv("download", "demo", "data.csv:copy.csv")
    done = subprocess.run(
        argv, cwd=rpz.folder, env=rpz.environment, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(b"rpz: " + bytes(rpz.folder / "copy.csv") + b": File too large.")
    assert sorted(path.name for path in rpz.folder.iterdir()) == ["demo", "exp.rpz"]


def test_download_by_path(rpz, target):
    target(("status", "0"))
    absolute = FOLDER + b"/latest.csv:"
    assert rpz("download", "demo", absolute).stdout == packs.DATA
    assert rpz("download", "demo", "latest.csv:").stdout == packs.DATA


def test_listing(rpz, target):
    target(("status", "0"))
    first = rpz("download", "demo").stdout.splitlines()[0].split(maxsplit=2)
    assert first == [b"input", b"data.csv", FOLDER + b"/data.csv"]


def changes(folder):
    target = read(folder)
    return sorted(load(target.unpacker).changes(target))


def test_names_that_are_not_utf8(rpz, target):
    """An output with such a name is taken by it, told as made, and replaced."""
    name = b"caf\xe9 \xff.csv"
    folder = target(("copy", "data.csv", os.fsdecode(name)), ("copy", os.fsdecode(name), "out.csv"))
    assert rpz("run", "demo", "0").returncode == 0
    assert changes(folder) == [FOLDER + b"/" + name]
    assert rpz("download", "demo", name + b":").stdout == packs.DATA
    (rpz.folder / "other.csv").write_bytes(b"other")
    assert rpz("upload", "demo", name + b":other.csv").returncode == 0
    assert rpz("run", "demo", "1").returncode == 0
    assert rpz("download", "demo", "out.csv:").stdout == b"other"


def test_reset(rpz, target):
    """Made, changed and uploaded files are gone, and it runs as at first."""
    folder = target(("copy", "data.csv", "out.csv"), ("exists", "out.csv"))
    assert rpz("run", "demo").returncode == 0
    assert changes(folder) == [FOLDER + b"/out.csv"]
    (rpz.folder / "other.csv").write_bytes(b"other")
    assert rpz("upload", "demo", "data.csv:other.csv").returncode == 0
    assert FOLDER + b"/data.csv" in changes(folder)
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


def test_tmp_may_be_a_link(rpz, backend, probe):
    members = [*packs.experiment(probe), packs.folder("DATA/var/tmp", mode=0o1777)]
    members += [packs.member("DATA/tmp", b"2", linkname="var/tmp")]
    packs.write_pack(
        rpz.folder / "exp.rpz", packs.config(("exists", "/tmp")), packs.data_tar(members)
    )
    unpacked = rpz("unpack", backend, "exp.rpz", "demo")
    assert unpacked.returncode == 0, unpacked.stderr
    try:
        assert rpz("run", "demo").returncode == 0
    finally:
        assert rpz("destroy", "demo").returncode == 0


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
        assert (b"Only root can enter demo" in unpacked.stderr) == closed
    finally:
        assert rpz("destroy", "demo").returncode == 0


def test_only_root_can_enter_a_folder_of_roots(target, backend):
    """A run as root can leave a set-user-id program, which nobody else must get at."""
    closed = os.geteuid() == 0 and (backend != "docker")
    made = target(("status", "0"))
    assert stat.S_IMODE(made.stat().st_mode) == (0o700 if closed else 0o755)
