"""Programs can't tell that their looks at files are seen within them, nor can the trace.

Each of ``tests/programs/accelerator`` is run untraced, with each look stopped and with looks seen
within it: it must say the same, end in the same way, and be traced alike, use by use and process by
process. What it prints has to be in the trace, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from rpz.tracer import records
from tests.conftest import PROGRAMS, namespaces_work, require
from tests.tracer import comparing, harness
from tests.tracer.accelerator.ways import WAYS, tracer_with
from tests.tracer.harness import Traced, traced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pytestmark = pytest.mark.usefixtures("native_tracer")

CALLS = int(os.environ.get("RPZ_LOOKS", "4000"))
"""How often the threads look, all together; by hand 1,000,000, which takes minutes."""
THREADS, PRESENT = 16, 8
ARGUMENTS = {"threads": [str(CALLS // THREADS)], "many": [str(CALLS // 2)]}
INPUTS = ("overwritten", "replaced", "removed", "cut")
OLD = b"what was there before the run\n"
LOOKS = records.Mode.STAT | records.Mode.READ
ABSENT = records.Mode(0)
"""How a name was used that wasn't there."""
NAMES = sorted(source.stem for source in (PROGRAMS / "accelerator").glob("*.c"))


class Outcome(NamedTuple):
    """What a program has shown of itself."""

    status: int
    output: bytes
    errors: bytes


def prepare(folder: Path) -> None:
    """Make the folder that a program runs in: at the same path each time, which it prints."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "input").mkdir(parents=True)
    for name in INPUTS:
        (folder / "input" / name).write_bytes(OLD)


def make_names(folder: Path) -> None:
    """Make what the threads find."""
    for thread in range(THREADS):
        (folder / f"thread{thread}").mkdir()
        for number in range(PRESENT - 1, CALLS // THREADS, PRESENT):
            (folder / f"thread{thread}/{number}").touch()


def untraced(folder: Path, command: list[str | Path]) -> Outcome:
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60)
    status = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Outcome(status, done.stdout, done.stderr)


def traced_with(
    way: str, folder: Path, command: list[str | Path], monkeypatch: pytest.MonkeyPatch
) -> Traced:
    kept = folder.with_name(f"kept-{way}")
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    monkeypatch.setitem(harness.ENGINES, way, tracer_with(way, Path(os.environ["RPZ_TRACER"])))
    run = traced(way, folder, *command, options=["-s", kept])
    folder.with_name(folder.name + ".records").unlink()
    harness.check_stream(run.records)
    return run


def run_all_ways(
    folder: Path,
    command: list[str | Path],
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None] = prepare,
) -> dict[str, Traced]:
    """Run a command untraced and in each way, and compare all that it and its traces say."""
    make(folder)
    expected = untraced(folder, command)
    assert expected.status == 0, expected.errors
    runs: dict[str, Traced] = {}
    for way in WAYS:
        make(folder)
        runs[way] = run = traced_with(way, folder, command, monkeypatch)
        assert Outcome(run.status, run.stdout, run.stderr) == expected, way
        assert run.missing() == [], way
    assert_equal(runs)
    return runs


def assert_equal(runs: Mapping[str, Traced]) -> None:
    """Check that traces say the same."""
    stopped, seen = (runs[way] for way in WAYS)
    for what in (comparing.lines, comparing.attributed):
        assert sorted(map(str, what(stopped) - what(seen))) == []
        assert sorted(map(str, what(seen) - what(stopped))) == []


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"threads", "children", "changes"}))
def test_program(
    name: str, compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [compiled(f"accelerator/{name}"), *ARGUMENTS.get(name, [])]
    run_all_ways(tmp_path / "run", command, monkeypatch)


def test_destructors_of_a_cancelled_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("c++", "no C++ compiler (on Debian and Ubuntu: apt-get install g++)")
    program = tmp_path / "destructors"
    source = PROGRAMS / "accelerator" / "destructors.cc"
    subprocess.run(["c++", "-pthread", "-o", program, source], check=True)
    run_all_ways(tmp_path / "run", [program], monkeypatch)


def test_each_look_of_threads_is_there_once(
    compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(folder: Path) -> None:
        prepare(folder)
        make_names(folder)

    folder = tmp_path / "run"
    command = [compiled("accelerator/threads"), *ARGUMENTS["threads"]]
    for run in run_all_ways(folder, command, monkeypatch, make).values():
        for thread in range(THREADS):
            assert looks_in(run, folder / f"thread{thread}") == expected_looks()
        each_folder_has_its_process(run, folder)


def expected_looks() -> Counter[tuple[bytes, records.Mode]]:
    """Return what a thread looks at, and how."""
    found = Counter[tuple[bytes, records.Mode]]()
    for number in range(CALLS // THREADS):
        if number % PRESENT < PRESENT - 1:
            mode = ABSENT
        else:
            mode = records.Mode.READ if number % 16 < PRESENT else records.Mode.STAT
        found[b"%d" % number, mode] += 1
    return found


def looks_in(run: Traced, folder: Path) -> Counter[tuple[bytes, records.Mode]]:
    """Count what was recorded of the files in a folder, by name; it ends with the whole names."""
    names = {r.path: r.name for r in run.records if isinstance(r, records.PathName)}
    inside = bytes(folder) + b"/"
    found = Counter[tuple[bytes, records.Mode]]()
    for record in run.records:
        if isinstance(record, (records.File, records.Absent)):
            name = names[record.path]
            mode = records.Mode(record.mode) if isinstance(record, records.File) else ABSENT
            if name.startswith(inside):
                found[name.removeprefix(inside), mode] += 1
    return found


def test_processes_of_every_kind(
    compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = run_all_ways(tmp_path / "run", [compiled("accelerator/children")], monkeypatch)
    for run in runs.values():
        each_folder_has_its_process(run, tmp_path / "run")


def test_in_a_namespace_of_its_own_processes(
    compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(namespaces_work(), "this user may not make namespaces")
    unshare = ["unshare", *([] if os.geteuid() == 0 else ["--user"]), "--pid", "--fork"]
    command = [*unshare, compiled("accelerator/children")]
    for run in run_all_ways(tmp_path / "run", command, monkeypatch).values():
        each_folder_has_its_process(run, tmp_path / "run")


def users_of_folders(run: Traced, folder: Path) -> dict[bytes, set[int]]:
    """Return which processes have read, or looked at, files of each folder that a program made."""
    names = {r.path: r.name for r in run.records if isinstance(r, records.PathName)}
    found = defaultdict(set)
    for record in run.records:
        if not isinstance(record, records.File) or not record.mode & LOOKS:
            continue
        inside = os.path.relpath(names[record.path], bytes(folder)).split(b"/")
        if len(inside) > 1 and inside[0] != b"..":
            found[inside[0]].add(record.process)
    return found


def each_folder_has_its_process(run: Traced, folder: Path) -> None:
    """Check that no process was taken for another: each has looked in a folder of its own."""
    users = users_of_folders(run, folder)
    users.pop(b"after", None)  # the first process has two
    assert all(len(processes) == 1 for processes in users.values()), users
    assert len(set.union(*users.values())) == len(users)
    assert len(users) > 10


def test_changes_are_told_in_their_order(
    compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    runs = run_all_ways(folder, [compiled("accelerator/changes")], monkeypatch)
    stopped, seen = (story(runs[way], folder) for way in WAYS)
    assert seen == stopped
    for way in WAYS:
        kept = [r.number for r in runs[way].records if isinstance(r, records.Snapshot)]
        files = [tmp_path / f"kept-{way}" / str(number) for number in kept if number]
        assert [file.read_bytes() for file in files] == [OLD] * len(INPUTS)


def story(run: Traced, folder: Path) -> list[tuple[str, str]]:
    """Return in which order files of a folder were used, renamed and removed, and by whom."""
    label, names = comparing.labels(run), run.names()
    told = []
    for record in run.records:
        if isinstance(record, (records.Rename, records.Remove, records.File, records.Absent)):
            number = record.old if isinstance(record, records.Rename) else record.path
            if names[number].startswith(str(folder)):
                line = list(harness.said(record, names))[-1]
                told.append((label[record.process], line))
    return told
