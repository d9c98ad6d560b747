"""Programs can't tell that their looks at files are seen within them, nor can the trace.

Each of ``tests/programs/accelerator`` is run untraced, with each look stopped and with looks seen
within it: it must say the same, end in the same way, and be traced alike, use by use and process by
process. What it prints has to be in the trace, too.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from tests.conftest import PROGRAMS, namespaces_work, require
from tests.tracer import comparing, harness
from tests.tracer.accelerator.unnoticed import (
    CALLS,
    INPUTS,
    NAMES,
    OLD,
    PRESENT,
    THREADS,
    run_all_ways,
)
from tests.tracer.accelerator.ways import WAYS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tracer.harness import Traced

pytestmark = pytest.mark.usefixtures("native_tracer")

LOOKS = records.Mode.STAT | records.Mode.READ
ABSENT = records.Mode(0)
"""How a name was used that wasn't there."""


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"threads", "children", "changes", "forks"}))
def test_program(
    name: str, compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_all_ways(tmp_path / "run", name, [compiled(f"accelerator/{name}")], monkeypatch)


def test_children_are_accelerated_as_their_parent_is(
    compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = run_all_ways(tmp_path / "run", "forks", [compiled("accelerator/forks")], monkeypatch)
    (ways,) = (record for record in runs["seen"].records if isinstance(record, records.Ways))
    require(ways.notices > 0, "no process is accelerated here: see docs/portability.md")
    assert ways.accelerated == len({"parent", "child", "second", "grandchild"})
    assert ways.logged > 3 * 100


def test_destructors_of_a_cancelled_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("c++", "no C++ compiler (on Debian and Ubuntu: apt-get install g++)")
    program = tmp_path / "destructors"
    source = PROGRAMS / "accelerator" / "destructors.cc"
    subprocess.run(["c++", "-pthread", "-o", program, source], check=True)
    run_all_ways(tmp_path / "run", "destructors", [program], monkeypatch)


def test_each_look_of_threads_is_there_once(
    compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    command = [compiled("accelerator/threads")]
    for run in run_all_ways(folder, "threads", command, monkeypatch).values():
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
    command = [compiled("accelerator/children")]
    for run in run_all_ways(tmp_path / "run", "children", command, monkeypatch).values():
        each_folder_has_its_process(run, tmp_path / "run")


def test_in_a_namespace_of_its_own_processes(
    compiled: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(namespaces_work(), "this user may not make namespaces")
    unshare = ["unshare", *([] if os.geteuid() == 0 else ["--user"]), "--pid", "--fork"]
    command = [*unshare, compiled("accelerator/children")]
    for run in run_all_ways(tmp_path / "run", "children", command, monkeypatch).values():
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
    runs = run_all_ways(folder, "changes", [compiled("accelerator/changes")], monkeypatch)
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
