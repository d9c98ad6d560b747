"""Replay a pack in a sandbox that is thrown away, and compare it with the trace."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from rpz.process import TERMINATION, Terminated, termination_as_interrupt
from rpz.unpackers import chroot
from rpz.unpackers.compare import Comparison, Verdict, compare
from rpz.unpackers.errors import NoRoomError, SandboxError, StartError, TargetError
from rpz.unpackers.job import as_traced
from rpz.unpackers.remove import remove_tree
from rpz.unpackers.replay import SIGNAL, traced_status
from rpz.unpackers.withheld import supplied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rpz.packer.alike import Tolerance
    from rpz.packer.archive.reader import Pack
    from rpz.packer.config.model import Run
    from rpz.packer.outputs import Output
    from rpz.unpackers import Unpacker
    from rpz.unpackers.choices import Choices
    from rpz.unpackers.target import Target

    Outputs = Callable[[int], Sequence[Output]]
    """Tells of a run, by its number, what it had written when it was traced."""

log = logging.getLogger(__name__)

TAIL = 2000
"""Bytes of what a run printed to its standard error that are kept for a message."""


@dataclass(frozen=True)
class Replayed:
    """How a run went when it was run again.

    ``status`` and ``traced`` are exit statuses in a shell's terms; ``traced`` is None when the end
    was not seen, ``status`` when the program was not started, which ``failure`` explains. ``said``
    is the end of its standard error.
    """

    run: Run
    status: int | None
    traced: int | None
    outputs: tuple[Comparison, ...]
    failure: str = ""
    said: bytes = b""

    @property
    def ended_as_traced(self) -> bool:
        """Whether it ended as it did when it was traced, as far as that is known."""
        return self.status is not None and self.traced in (None, self.status)

    @property
    def is_same(self) -> bool:
        """Whether nothing is known that differs."""
        good = (Verdict.SAME, Verdict.ALIKE, Verdict.UNKNOWN)
        return self.ended_as_traced and all(item.verdict in good for item in self.outputs)


@dataclass(frozen=True)
class Trial:
    """A pack that was unpacked for a while; ``scratch`` is a folder beside, for a while, too."""

    unpacker: Unpacker
    target: Target
    scratch: Path

    def replayed(
        self, outputs: Outputs, tolerances: Sequence[Tolerance] = ()
    ) -> Iterator[Replayed]:
        """Run all runs again, in their order, and yield how each went.

        Their standard input is empty, what they print is not shown. After a run that can't be
        started the others are left out.

        Raises:
            SandboxError: this user can't make a sandbox on this machine.
            KeyboardInterrupt: Ctrl-C has ended a run; Terminated, if it was another such signal.

        """
        for index in range(len(self.target.runs)):
            replayed = _replayed(self, index, outputs(index), tolerances)
            yield replayed
            if replayed.status is None:
                break

    def changes(self) -> list[bytes]:
        """Return what the runs have made or changed so far, as absolute paths."""
        return sorted(self.unpacker.changes(self.target))


@contextlib.contextmanager
def trial(pack: Pack, unpacker: Unpacker, choices: Choices | None = None) -> Iterator[Trial]:
    """Unpack a pack; nothing is left of it afterwards, except by SIGKILL.

    Raises:
        TargetError: what the unpacker makes can't be run.
        SandboxError: nor can it be run where temporary files are.

    """
    with _scratch() as scratch:
        with _without_advice(), _told_of_room():
            target = unpacker.unpack(pack, scratch / "replay", choices or {})
        if target is None:
            raise TargetError(
                f"{unpacker.NAME} makes nothing that can be run", "Choose another backend"
            )
        try:
            if (target.folder / "root").is_dir():
                _check_executable(scratch)
            target = replace(target, runs=tuple(map(supplied, target.runs)))
            yield Trial(unpacker, target, scratch)
        finally:
            unpacker.destroy(target)


@contextlib.contextmanager
def _without_advice() -> Iterator[None]:
    """Keep back what unpackers tell to do with a target, as this one is soon gone."""
    unpackers = logging.getLogger("rpz.unpackers")
    level = unpackers.level
    if unpackers.getEffectiveLevel() == logging.INFO:
        unpackers.setLevel(logging.WARNING)
    try:
        yield
    finally:
        unpackers.setLevel(level)


@contextlib.contextmanager
def _told_of_room() -> Iterator[None]:
    try:
        yield
    except NoRoomError as error:
        error.remedy = "Set TMPDIR to a folder with more room"
        raise


def verify(pack: Pack, outputs: Outputs) -> Iterator[Replayed]:
    """Replay a pack in a chroot, and yield how each run went; see :class:`Trial`."""
    with trial(pack, cast("Unpacker", chroot)) as made:
        yield from made.replayed(outputs)


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """Yield a folder that is removed in the end, with what runs have left without permissions."""
    with termination_as_interrupt():
        folder = Path(tempfile.mkdtemp(prefix="rpz-verify-"))
        try:
            yield folder
        finally:
            remove_tree(folder)


def _check_executable(folder: Path) -> None:
    if os.statvfs(folder).f_flag & os.ST_NOEXEC:
        raise SandboxError(
            f"Programs can't be started in {folder.parent}, which is mounted so (noexec)",
            "Set TMPDIR to a folder where they can",
        )


def _replayed(
    trial: Trial, index: int, outputs: Sequence[Output], tolerances: Sequence[Tolerance]
) -> Replayed:
    run = trial.target.runs[index]
    traced = traced_status(run)
    log.info("Running %s again, to compare it with the trace", run.id)
    with (trial.scratch / "stderr").open("w+b") as errors:
        try:
            status = _run(trial, index, errors)
        except SandboxError:
            raise
        except StartError as error:
            return Replayed(run, None, traced, (), failure=error.message)
        said = _tail(errors)
    if status != traced:
        _go_on_unless_interrupted(status - SIGNAL)
    compared = tuple(
        compare(trial.unpacker, trial.target, output, tolerances) for output in outputs
    )
    return Replayed(run, status, traced, compared, said=said)


def _go_on_unless_interrupted(signum: int) -> None:
    """End as the run has ended, if that was by a signal that was meant for rpz, too."""
    if signum == signal.SIGINT:
        raise KeyboardInterrupt
    if signum in TERMINATION:
        raise Terminated(signum)


def _run(trial: Trial, index: int, errors: IO[bytes]) -> int:
    with open(os.devnull, "r+b") as null:  # noqa: PTH123 (no file of anybody)
        streams = (null.fileno(), null.fileno(), errors.fileno())
        return trial.unpacker.run(trial.target, as_traced(trial.target, index, streams))


def _tail(errors: IO[bytes]) -> bytes:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - TAIL))
    return errors.read()
