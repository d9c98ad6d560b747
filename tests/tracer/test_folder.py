from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rpz.errors import RpzError
from rpz.tracer.database import TraceDatabaseError, replaced
from rpz.tracer.folder import Existing, TraceExistsError, TraceFolder
from rpz.tracer.rows import RunRow

if TYPE_CHECKING:
    from pathlib import Path


def run_row(number: int) -> RunRow:
    return RunRow(
        number, "native", b"true\0", b"/", 0o22, 0, None, 0, None, 0, 0, 0,
        "x86_64", "debian", "12", "host", "Linux", "6.1", None, None, None, None, None,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> TraceFolder:
    return TraceFolder(tmp_path / "trace")


def finish_run(
    folder: TraceFolder, existing: Existing = Existing.REFUSE, *, keeps: bool = False
) -> int:
    run = folder.prepare(existing)
    folder.unfinished_stream(run).write_bytes(b"%d" % run)
    if keeps:
        make_snapshot(folder, run)
    with replaced(folder.database, keep=run > 0) as database:
        database.add([run_row(run)])
    folder.finish(
        run, 0 if existing is Existing.OVERWRITE else run, replacing=existing is Existing.OVERWRITE
    )
    return run


def streams(folder: TraceFolder) -> list[str]:
    return sorted(path.name for path in folder.records.iterdir())


def test_a_new_folder_is_made(folder: TraceFolder) -> None:
    assert not folder.exists
    assert folder.prepare(Existing.REFUSE) == 0
    assert folder.records.is_dir()
    assert not folder.exists


def test_an_empty_folder_is_used(folder: TraceFolder) -> None:
    folder.path.mkdir()
    assert folder.prepare(Existing.REFUSE) == 0


@pytest.mark.parametrize("existing", Existing)
def test_a_folder_that_is_no_trace_is_refused(folder: TraceFolder, existing: Existing) -> None:
    folder.path.mkdir()
    (folder.path / "thesis.tex").touch()
    with pytest.raises(RpzError, match=r"is not a trace folder. Choose another folder with --dir"):
        folder.prepare(existing)
    assert [path.name for path in folder.path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("left", ["records/0.unfinished", "trace.sqlite3.new"])
def test_what_an_interrupted_run_left_is_in_nobodys_way(folder: TraceFolder, left: str) -> None:
    folder.prepare(Existing.REFUSE)
    (folder.path / left).touch()
    assert finish_run(folder) == 0
    assert streams(folder) == ["0.records"]


def test_a_trace_is_not_touched_unasked(folder: TraceFolder) -> None:
    finish_run(folder)
    with pytest.raises(TraceExistsError, match=r"with --continue, or replace it with --overwrite"):
        folder.prepare(Existing.REFUSE)


def test_runs_are_numbered_on(folder: TraceFolder) -> None:
    assert [finish_run(folder, Existing.CONTINUE) for _ in range(3)] == [0, 1, 2]
    assert streams(folder) == ["0.records", "1.records", "2.records"]
    assert folder.stream(2).read_bytes() == b"2"


def test_overwriting_leaves_no_other_runs_stream(folder: TraceFolder) -> None:
    for _ in range(3):
        finish_run(folder, Existing.CONTINUE)
    assert finish_run(folder, Existing.OVERWRITE) == 3
    assert streams(folder) == ["0.records"]


def test_overwriting_touches_nothing_before_the_run_has_ended(folder: TraceFolder) -> None:
    finish_run(folder)
    folder.prepare(Existing.OVERWRITE)
    assert folder.exists
    assert folder.stream(0).read_bytes() == b"0"


def test_a_damaged_trace_is_not_continued(folder: TraceFolder) -> None:
    finish_run(folder)
    folder.database.write_bytes(b"damaged")
    with pytest.raises(TraceDatabaseError):
        folder.prepare(Existing.CONTINUE)


def test_abandoning_the_first_run_leaves_no_folder(folder: TraceFolder) -> None:
    folder.unfinished_stream(folder.prepare(Existing.REFUSE)).touch()
    folder.abandon(0)
    assert not folder.path.exists()


def test_abandoning_a_second_run_leaves_the_first(folder: TraceFolder) -> None:
    finish_run(folder)
    run = folder.prepare(Existing.CONTINUE)
    folder.unfinished_stream(run).touch()
    folder.abandon(run)
    assert folder.exists
    assert streams(folder) == ["0.records"]


def make_snapshot(folder: TraceFolder, run: int) -> None:
    (folder.snapshots(run) / "1").write_text(f"run {run}")


def kept(folder: TraceFolder) -> dict[str, str]:
    files = folder.path.glob("snapshots/*/*")
    return {str(path.relative_to(folder.path)): path.read_text() for path in files}


def test_each_run_has_its_snapshots(folder: TraceFolder) -> None:
    finish_run(folder, keeps=True)
    finish_run(folder, Existing.CONTINUE, keeps=True)
    assert kept(folder) == {"snapshots/0/1": "run 0", "snapshots/1/1": "run 1"}


def test_a_new_trace_replaces_all_snapshots_at_its_end(folder: TraceFolder) -> None:
    finish_run(folder, keeps=True)
    finish_run(folder, Existing.CONTINUE, keeps=True)
    run = folder.prepare(Existing.OVERWRITE)
    make_snapshot(folder, run)
    assert len(kept(folder)) == 3
    folder.unfinished_stream(run).touch()
    folder.finish(run, 0, replacing=True)
    assert kept(folder) == {"snapshots/0/1": f"run {run}"}


def test_runs_that_change_nothing_leave_no_folder(folder: TraceFolder) -> None:
    finish_run(folder)
    assert not folder.all_snapshots.exists()
    finish_run(folder, Existing.CONTINUE, keeps=True)
    finish_run(folder, Existing.CONTINUE)
    assert [path.name for path in folder.all_snapshots.iterdir()] == ["1"]


def test_an_abandoned_run_leaves_no_snapshots(folder: TraceFolder) -> None:
    finish_run(folder, keeps=True)
    make_snapshot(folder, folder.prepare(Existing.CONTINUE))
    folder.abandon(1)
    assert kept(folder) == {"snapshots/0/1": "run 0"}


def test_snapshots_of_a_run_that_was_cut_short_are_replaced(folder: TraceFolder) -> None:
    make_snapshot(folder, folder.prepare(Existing.REFUSE))
    assert folder.prepare(Existing.REFUSE) == 0
    assert kept(folder) == {}


def test_what_was_left_by_a_replaced_trace_is_in_nobodys_way(folder: TraceFolder) -> None:
    finish_run(folder, keeps=True)
    run = folder.prepare(Existing.OVERWRITE)
    make_snapshot(folder, run)
    folder.unfinished_stream(run).touch()
    folder.finish(run, 0, replacing=False)  # as after an interruption
    assert kept(folder) == {"snapshots/0/1": f"run {run}"}
    assert streams(folder) == ["0.records"]


def test_the_stream_has_its_final_name_last(
    folder: TraceFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_run(folder, keeps=True)
    run = folder.prepare(Existing.OVERWRITE)
    make_snapshot(folder, run)
    folder.unfinished_stream(run).touch()
    monkeypatch.setattr(type(folder.path), "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.finish(run, 0, replacing=True)
    assert folder.unfinished == [run]


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_configuration_of_fewer_runs_is_set_aside(folder: TraceFolder) -> None:
    finish_run(folder)
    folder.config.write_text("edited")
    finish_run(folder, Existing.CONTINUE)
    assert not folder.config.exists()
    assert (folder.path / "config.yml.old").read_text() == "edited"
