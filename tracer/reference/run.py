"""One run: the stream, the command and the engine brought together."""

# ruff: noqa: PTH109 - names are bytes here, which pathlib doesn't take

from __future__ import annotations

import contextlib
import errno
import os
import signal
from typing import TYPE_CHECKING

from ptrace import PtraceError

from rpz.errors import OWN_FAILURE, RpzError
from rpz.process import FORWARDED, FROM_TERMINAL
from rpz.tracer.engines import DEFAULTS
from rpz.tracer.records import SIGNALLED
from rpz.tracer.reference import stops
from rpz.tracer.reference.command import Command
from rpz.tracer.reference.engine import Engine
from rpz.tracer.reference.keeper import Keeper
from rpz.tracer.reference.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import FrameType

    from rpz.tracer.engines import EngineOptions


class EngineError(RpzError):
    """The run can't be traced."""

    exit_code = OWN_FAILURE
    usual_remedy = "Trace with --engine native"


def run(
    output: Path,
    argv: Sequence[bytes],
    environment: Sequence[bytes],
    options: EngineOptions = DEFAULTS,
) -> int:
    """Trace a command into a new record stream.

    Returns:
        Its exit status, or 128 + N when signal N killed it.

    Raises:
        EngineError: the stream can't be made, or the kernel doesn't let us trace.

    """
    try:
        recorder = Recorder(output)
    except OSError as error:
        raise EngineError(
            f"{output} can't be created: {error.strerror}", "Choose another folder: rpz trace -d"
        ) from error
    with recorder:
        recorder.run(os.getcwdb(), argv)
        command = Command(argv, environment)
        try:
            _seize(command)
        except EngineError:
            output.unlink()
            raise
        keeper = Keeper(recorder, options.snapshots, options.snapshot_limit)
        engine = Engine(recorder, keeper, wait_daemons=options.wait_daemons)
        status = _traced(engine, recorder, command)
    return status - SIGNALLED + 128 if status >= SIGNALLED else status


def _seize(command: Command) -> None:
    try:
        stops.seize(command.pid)
        stops.interrupt(command.pid)
    except PtraceError as error:
        command.abandon()
        raise _explained(error) from error


def _traced(engine: Engine, recorder: Recorder, command: Command) -> int:
    _pass_signals_to(command.pid)
    command.start()
    try:
        status = engine.trace(command.pid)
    except PtraceError as error:
        raise _explained(error) from error
    if engine.running:
        recorder.end(status)
    return status


def _explained(error: PtraceError) -> EngineError:
    if error.errno == errno.EPERM:
        return EngineError(
            "Tracing is not permitted here",
            "Allow ptrace: in a container run it with --cap-add=SYS_PTRACE, elsewhere see "
            "/proc/sys/kernel/yama/ptrace_scope; and rpz can't run inside another tracer "
            "(gdb, strace, rpz)",
        )
    if error.errno == errno.EIO:
        return EngineError("The reference engine needs Linux 5.3 or later")
    return EngineError(f"The command can't be traced any further: {error}")


def _pass_signals_to(pid: int) -> None:
    """Leave to the command what the terminal sends to both, and send it what is sent to us."""

    def forward(signum: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)

    for number in FORWARDED:
        signal.signal(number, forward)
    for number in FROM_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
