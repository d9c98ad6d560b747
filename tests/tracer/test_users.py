"""What an ordinary user's tracer may not see, and what the traced programs may not do.

As root the tests start it as another user; that user can't read this Python, so the engine runs
alone, and rpz makes the trace of its record afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from rpz.tracer.stream import read_records
from tests.conftest import require, rpz_in
from tests.tracer import harness
from tests.tracer.harness import Traced, check_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = os.environ.get("RPZ_TEST_USER", "nobody")


@dataclass(frozen=True)
class User:
    """An ordinary user, who has a folder and a tracer."""

    folder: Path
    prefix: list[str]

    def runs(self, *command: str | Path) -> subprocess.CompletedProcess[bytes]:
        argv = [*self.prefix, *command]
        return subprocess.run(argv, cwd=self.folder, capture_output=True, check=False, timeout=60)

    def traces(self, *command: str | Path) -> Traced:
        stream = self.folder / "trace/records/0.unfinished"
        done = self.runs(self.folder / "tracer", stream, "--", *command)
        run = Traced(done.returncode, done.stdout, done.stderr, list(read_records(stream)))
        check_stream(run.records)
        return run

    def warnings(self) -> list[str]:
        """Return what `rpz` says of the run, besides what it has recovered."""
        done = rpz_in(self.folder)("recover", "-d", "trace")
        assert done.returncode == 0, done.stderr
        lines = done.stderr.decode().splitlines()
        assert any(line.startswith("rpz: Recovered run 0") for line in lines)
        return [line for line in lines if ".yml" not in line and "Recovered" not in line]


@pytest.fixture(params=["native_tracer", "sanitized_tracer"])
def user(request: pytest.FixtureRequest) -> Iterator[User]:
    tracer = request.getfixturevalue(request.param)
    prefix = []
    if os.geteuid() == 0:
        require("setpriv", "no setpriv (on Debian and Ubuntu: apt-get install util-linux)")
        prefix = ["setpriv", f"--reuid={USER}", "--clear-groups"]
    with tempfile.TemporaryDirectory() as name:  # tmp_path is closed to other users
        folder = Path(name)
        (folder / "trace/records").mkdir(parents=True)
        for path in (folder, folder / "trace", folder / "trace/records"):
            path.chmod(0o777)
        shutil.copy(tracer, folder / "tracer")
        yield User(folder, prefix)


def compiled(name: str, user: User) -> Path:
    program = user.folder / name
    source = harness.PROGRAMS / "users" / f"{name}.c"
    subprocess.run([harness.compiler(), "-o", program, source], check=True)
    return program


def test_memory_that_cannot_be_read(user: User) -> None:
    for name in ("hidden", "shown"):
        (user.folder / name).touch()
    run = user.traces(compiled("undumpable", user))
    assert (run.status, run.stderr) == (0, b"")
    assert f"READ:EXISTED {user.folder}/shown" in run.lines()
    assert not any("hidden" in line for line in run.lines())
    (warning,) = user.warnings()
    assert warning == (
        "rpz: The memory of a process can't be read (it isn't dumpable): files that it names are "
        "missing from the trace. Trace as root to see them."
    )


def test_what_processes_have_read_and_written(user: User) -> None:
    """A process that has ended is not the user's to be asked about."""
    run = user.traces("sh", "-c", "head -c 5000 /dev/zero | wc -c; sleep 0 & wait")
    assert run.status == 0
    found = [record.process for record in run.of(records.Traffic)]
    assert found == [record.process for record in run.of(records.Exit)]
    assert max(record.written for record in run.of(records.Traffic)) >= 5000


def test_a_deep_folder_that_cannot_be_found(user: User) -> None:
    try:
        run = user.traces(compiled("deep", user))
    finally:
        subprocess.run(["rm", "-rf", user.folder / ("d" * 250)], check=True)
    assert (run.status, run.stderr) == (0, b"")
    deep = user.folder.joinpath(*["d" * 250] * 20, "hidden")
    assert f"WRITE: {deep}/below/shown" in run.lines()
    assert not any("unseen" in line for line in run.lines())
    (warning,) = user.warnings()
    assert warning == (
        "rpz: A process worked in a folder whose path is longer than 4,095 bytes and could not be "
        "found: what it used there is not in the trace."
    )


def setuid_id(folder: Path) -> list[str]:
    require(os.geteuid() == 0, "only root can make a setuid program of root's")
    program = Path(shutil.copy("/usr/bin/id", folder / "id"))
    program.chmod(0o4755)
    return [str(program), "-u"]


def setuid_tool(name: str) -> list[str]:
    program = shutil.which(name)
    require(program, f"no {name}")
    require(Path(str(program)).stat().st_mode & 0o4000, f"{name} is not a setuid program here")
    return [str(program), "--version"]


@pytest.mark.parametrize("name", ["id", "su", "mount"])
def test_a_program_with_the_rights_of_another(user: User, name: str) -> None:
    command = setuid_id(user.folder) if name == "id" else setuid_tool(name)
    untraced = user.runs(*command)
    run = user.traces("sh", "-c", f"{' '.join(command)}; {' '.join(command)}")
    assert (run.status, run.stderr) == (0, b"")
    if name == "id":
        assert untraced.stdout == b"0\n"
        assert b"0" not in run.stdout.split()
    (warning,) = user.warnings()
    assert warning == (
        f"rpz: {command[0]} is to run with more rights than yours, which a traced program doesn't "
        "get: it ran without. Do that step before rpz trace, or trace as root."
    )
