"""A stream that is loaded while it grows."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.process import run_in_foreground
from rpz.tracer import follower, growing, records
from rpz.tracer.database import TraceDatabase
from rpz.tracer.follower import Follower
from rpz.tracer.host import this_host
from rpz.tracer.loader import Loader
from rpz.tracer.meanwhile import Meanwhile
from rpz.tracer.rows import TABLES, FileRow
from rpz.tracer.stream import HEADER, RecordStreamError, read_values
from tests.tracer.strategies import related_records
from tests.tracer.test_loader import END, START
from tests.tracer.test_records import stream_of

if TYPE_CHECKING:
    from tests.conftest import Rpz

UNUSED = bytes(4096)


def content_of(database: TraceDatabase) -> list:
    return [list(database.rows(kind)) for kind in TABLES]


def loaded(path: Path) -> list | str:
    """Return what the stream is when it is loaded at once."""
    with TraceDatabase.create(Path(":memory:")) as database:
        try:
            Loader(database, 0, "native", this_host()).load_values(read_values(path))
        except RecordStreamError as error:
            return str(error)
        return content_of(database)


def followed(path: Path, pieces: list[bytes]) -> list | str:
    """Return what it is when it is loaded while it is written."""
    with (
        TraceDatabase.create(Path(":memory:")) as database,
        closing(Follower(path, "native")) as following,
    ):
        steps = following.follow()
        next(steps)
        for number in range(1, len(pieces) + 1):
            written = b"".join(pieces[:number])
            begun = bytes(4) + b"".join(pieces[number:])[4:-8]  # a record's size is written last
            path.write_bytes(written if number == len(pieces) else written + begun + UNUSED)
            next(steps, None)
        try:
            if following.finish(database) is None:
                return loaded(path)
        except RecordStreamError as error:
            return str(error)
        return content_of(database)


@given(related_records(), st.lists(st.integers(0, 16), max_size=6))
@settings(max_examples=150, deadline=None)
def test_it_is_what_it_is_at_once(content: list[records.Record], cuts: list[int]) -> None:
    data = stream_of(*content)
    ends = [len(stream_of(*content[:cut])) for cut in cuts]
    places = [0, *sorted(ends), len(data)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream"
        pieces = [data[i:j] for i, j in itertools.pairwise(places)]
        assert followed(path, pieces) == loaded(path)


def test_most_is_loaded_when_the_run_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "BLOCK", 2000)  # so that some records are larger
    long = records.Listing(15, 1, 1, tuple(b"f%d" % i for i in range(5000)))
    files = [records.File(20 + i, 1, 3, 1, 2) for i in range(500)]
    path = tmp_path / "stream"
    path.write_bytes(stream_of(*START, long, *files, *END) + UNUSED)
    with (
        TraceDatabase.create(Path(":memory:")) as database,
        closing(Follower(path, "native")) as following,
    ):
        pauses = [next(steps) for steps in [following.follow()] for _ in range(100)]
        assert pauses[0] == follower.SHORTEST
        assert pauses[-1] == follower.LONGEST
        monkeypatch.setattr(growing, "read_values", lambda _path, begin: rest(path, begin))
        assert following.finish(database)
        assert len(list(database.rows(FileRow))) == 500
        assert content_of(database) == loaded(path)


def rest(path: Path, begin: int):
    assert begin > HEADER.size
    found = list(read_values(path, begin))
    assert found == []
    return found


def test_a_record_is_not_read_at_the_look_that_finds_it(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    path.write_bytes(stream_of(*START) + UNUSED)
    with closing(Follower(path, "native")) as following:
        steps = following.follow()
        next(steps)
        assert following._growing._taken == HEADER.size
        next(steps)
        assert following._growing._taken == len(stream_of(*START))


@pytest.mark.parametrize(
    "wrong", [b"no stream at all", stream_of(*START, records.File(20, 1, 99, 1, 2))]
)
def test_what_goes_wrong_is_left_to_the_end(tmp_path: Path, wrong: bytes) -> None:
    path = tmp_path / "stream"
    path.write_bytes(wrong)
    with (
        TraceDatabase.create(Path(":memory:")) as database,
        closing(Follower(path, "native")) as following,
    ):
        assert len(list(following.follow())) <= 2
        assert following.finish(database) is None


def test_a_long_run_is_followed(rpz: Rpz, native_tracer: Path) -> None:
    del native_tracer
    script = "for i in range(3000): open(f'f{i}', 'w').close()\nimport time; time.sleep(0.3)"
    assert rpz("trace", "-v", sys.executable, "-c", script).returncode == 0
    with TraceDatabase.open(rpz.folder / ".rpz-trace" / "trace.sqlite3") as database:
        written = {row.name for row in database.rows(FileRow) if row.mode & 2}
    here = os.fsencode(rpz.folder)
    assert written >= {here + b"/f%d" % i for i in range(3000)}


class TestWaiting:
    """Work is done until the child has ended, and no longer."""

    def test_endless_work_ends(self) -> None:
        child = subprocess.Popen(["sleep", "0.2"])
        steps = iter(lambda: 0.01, None)
        assert run_in_foreground(lambda: child, steps) == 0

    def test_work_that_ends_is_not_waited_for(self) -> None:
        child = subprocess.Popen(["sh", "-c", "sleep 0.1; exit 3"])
        assert run_in_foreground(lambda: child, [0, 0.01]) == 3

    def test_a_signal_is_passed_on_meanwhile(self) -> None:
        child = subprocess.Popen(["sleep", "100"])

        def steps():
            yield 0
            signal.raise_signal(signal.SIGTERM)
            yield 100

        assert run_in_foreground(lambda: child, steps()) == 128 + signal.SIGTERM

    def test_a_signal_that_comes_while_the_child_is_started_is_passed_on(self) -> None:
        def start() -> subprocess.Popen[bytes]:
            signal.raise_signal(signal.SIGTERM)
            return subprocess.Popen(["sleep", "100"])

        assert run_in_foreground(start) == 128 + signal.SIGTERM

    @pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGQUIT])
    def test_a_key_right_after_the_start_ends_the_child_alone(self, signum: signal.Signals) -> None:
        def start() -> subprocess.Popen[bytes]:
            child = subprocess.Popen(["sleep", "100"])
            signal.raise_signal(signum)
            return child

        before = signal.signal(signum, signal.SIG_DFL)  # ignored, if we are in the background
        try:
            assert run_in_foreground(start) == 128 + signum
        finally:
            signal.signal(signum, before)

    def test_what_is_ignored_is_so_in_the_child(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            script = ["sh", "-c", "kill -HUP $$; exit 3"]
            assert run_in_foreground(lambda: subprocess.Popen(script)) == 3
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGHUP, before)

    def test_without_the_kernels_help_one_step_is_taken(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(os, "pidfd_open")
        taken = []
        child = subprocess.Popen(["true"])
        assert run_in_foreground(lambda: child, (taken.append(i) or 0 for i in range(5))) == 0
        assert taken == [0]


def test_pauses_are_spent_on_what_there_is_to_do(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    path.write_bytes(stream_of(*START, *END) + UNUSED)
    seen: list[bytes] = []
    left = [True, True, False]
    meanwhile = Meanwhile(on_path=seen.append, step=lambda: left.pop(0) if left else False)
    with closing(Follower(path, "native", meanwhile)) as following:
        pauses = [next(steps) for steps in [following.follow()] for _ in range(6)]
    assert left == []
    assert 0 in pauses[:4]
    assert pauses[-1] > 0
    assert seen == [values[2] for _, values in read_values(path) if isinstance(values[-1], bytes)
                    and values[-1].startswith(b"/") and len(values) == 3]  # fmt: skip
