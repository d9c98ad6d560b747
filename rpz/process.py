"""The one door to other programs."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import shlex
import signal
import subprocess
import sysconfig
import time
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rpz.ahead import answer
from rpz.errors import CommandFailedError, MissingProgramError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import FrameType
    from typing import TypeAlias

    Handler: TypeAlias = Callable[[int, FrameType | None], object] | int

log = logging.getLogger(__name__)

BLOCK = 1 << 16
"""Bytes that are read at a time."""

FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that a person or a batch system sends to ``rpz`` and means for the experiment."""
FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
"""Signals that the terminal sends to the whole foreground process group by itself."""

TERMINATION = (signal.SIGTERM, signal.SIGHUP)
"""Signals that would otherwise end rpz without a chance to clean up."""


class Terminated(KeyboardInterrupt):
    """A signal of :data:`TERMINATION` has come: clean up and end."""

    def __init__(self, signum: int) -> None:
        """Remember which."""
        super().__init__(signum)
        self.signum = signum


def output_of(
    argv: Sequence[str | bytes],
    *,
    package: str,
    ok: Sequence[int] = (0,),
    folder: Path | None = None,
    given: Path | None = None,
) -> bytes:
    """Run a program and return what it printed on its standard output.

    If it was asked ahead (:mod:`rpz.ahead`), that is the answer.

    Args:
        argv: the program and its arguments; no shell is involved.
        package: the Debian package that brings the program, for the error message.
        ok: exit statuses that are not a failure.
        folder: where to run it, if not here.
        given: the file that it reads on its standard input; nothing, if there is none.

    Raises:
        MissingProgramError: the program is not installed.
        CommandFailedError: it ended with a status not in ``ok``.

    """
    name = argv[0] if isinstance(argv[0], str) else argv[0].decode(errors="replace")
    if (printed := answer(argv)) is not None:
        return printed
    log.debug("+ %s", shlex.join(a if isinstance(a, str) else repr(a) for a in argv[:12]))
    with (given or Path(os.devnull)).open("rb") as stdin:
        try:
            done = subprocess.run(argv, stdin=stdin, capture_output=True, check=False, cwd=folder)
        except FileNotFoundError:
            raise MissingProgramError(name, package) from None
    if done.returncode not in ok:
        words = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise CommandFailedError(f"{name} failed with status {done.returncode}: {words[0]}")
    return done.stdout


def blocks_of(
    argv: Sequence[str | bytes],
    *,
    package: str,
    ok: Sequence[int] = (0,),
    environ: Mapping[str, str] | None = None,
    folder: bytes | None = None,
    seconds: float,
) -> Iterator[bytes]:
    """Run a program that may print much, or never end; yield what it prints, in blocks.

    Args:
        argv: the program and its arguments; no shell is involved.
        package: the Debian package that brings the program, for the error message.
        ok: exit statuses that are not a failure.
        environ: its environment, if not ours.
        folder: where to run it, if not here.
        seconds: after which it is ended.

    Raises:
        MissingProgramError: the program is not installed.
        CommandFailedError: it ended with a status not in ``ok``, or had to be ended.

    """
    name = os.fsdecode(argv[0])
    log.debug("+ %s", shlex.join(map(os.fsdecode, argv[:12])))
    import tempfile  # as long to import as the rest of this

    with tempfile.TemporaryFile() as said:
        try:
            program = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                env=environ,
                cwd=folder,
            )
        except FileNotFoundError:
            raise MissingProgramError(name, package) from None
        try:
            yield from _read_until(program, time.monotonic() + seconds)
        except subprocess.TimeoutExpired:
            raise CommandFailedError(f"{name} took longer than {seconds:.0f} seconds") from None
        finally:
            program.kill()  # nothing, once it has ended
            program.wait()
        if program.returncode not in ok:
            said.seek(0)
            words = said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise CommandFailedError(
                f"{name} failed with status {program.returncode}: {(words or ['no message'])[0]}"
            )


def _read_until(program: subprocess.Popen[bytes], end: float) -> Iterator[bytes]:
    """Yield what a program prints, until it has ended; TimeoutExpired at a monotonic time."""
    assert program.stdout is not None  # noqa: S101 (a pipe was asked for)
    with program.stdout as printed:
        poll = select.poll()
        poll.register(printed, select.POLLIN)
        while True:
            left = end - time.monotonic()
            if left <= 0 or not poll.poll(1000 * left):
                raise subprocess.TimeoutExpired(program.args, left)
            if not (block := os.read(printed.fileno(), BLOCK)):
                break
            yield block
    program.wait(max(0, end - time.monotonic()))


def foreground(argv: Sequence[str]) -> int:
    """Run a program with our streams and terminal, and return its status in a shell's terms."""
    return run_in_foreground(lambda: subprocess.Popen(argv))


class Child(Protocol):
    """What waiting needs of a child, as :class:`subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its number."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal to the child, unless it has ended."""

    def wait(self) -> int:
        """Wait for the end; return the exit status, negative for a signal."""


def learn_of_ends() -> None:
    """Let the ends of our children be known: who has started us may have had them ignored.

    To be called at the start; :func:`as_we_were_started` gives it on.
    """
    global _ends_were_ignored  # noqa: PLW0603 (as a signal's disposition is the process's)
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _ends_were_ignored = True


_ends_were_ignored = False


def as_we_were_started() -> Callable[[], None] | None:
    """Return what a child has to do first to be started as we were, if anything."""
    if not _ends_were_ignored:
        return None
    return _ignore_ends


def _ignore_ends() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def installed_program(name: str) -> Path | None:
    """Return the program of this name that was installed with rpz, if it was."""
    for scheme in (sysconfig.get_default_scheme(), "posix_user"):
        program = Path(sysconfig.get_path("scripts", scheme), name)
        if program.is_file():
            return program
    import shutil  # not needed to start a run where the program is in its place

    found = shutil.which(name)
    return Path(found) if found else None


def run_in_foreground(
    start: Callable[[], Child], meanwhile: Iterable[float] = (), *, apart: bool = False
) -> int:
    """Start a child, wait for it as a shell does, and return its status in a shell's terms.

    What the terminal sends reaches the child by itself, so it is ignored here; what is sent to
    this process alone is passed on. What comes while the child is being started is passed on,
    too, from wherever: nobody can tell if there was a child already, and to get it twice makes no
    difference to one that is so young.
    ``meanwhile`` is work to do as long as the child runs, a step at a time; it says for how many
    seconds it can rest. A child that is ``apart`` gets nothing from our terminal: what that sends
    is passed on, too.

    Returns:
        The exit status, or 128 + N when signal N killed the child.

    """
    forwarder = _Forwarder()
    # One that is ignored (nohup) stays so until then: the child inherits that.
    heard = [s for s in (*FORWARDED, *FROM_TERMINAL) if signal.getsignal(s) is not signal.SIG_IGN]
    with _handled(dict.fromkeys(heard, forwarder.on_signal)):
        child = start()
        handlers: dict[int, Handler] = dict.fromkeys(FORWARDED, forwarder.on_signal)
        handlers |= dict.fromkeys(FROM_TERMINAL, forwarder.on_signal if apart else signal.SIG_IGN)
        with _handled(handlers):
            forwarder.send_to(child)
            _work(child, meanwhile)
            status = child.wait()
    return shell_status(status)


def _work(child: Child, steps: Iterable[float]) -> None:
    """Take steps until the child has ended, and wait for that.

    Only the first, and without waiting, where the kernel can't tell of that. Python runs a handler
    between two of its own steps: of a signal that comes right before a blocking call it would hear
    after that call. What ends this one's pauses is written by the signal itself.
    """
    try:
        ended = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # another system, or Linux before 5.3
        next(iter(steps), None)
        return
    wakes, writes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        poll.register(wakes, select.POLLIN)
        for pause in chain((1000 * step for step in steps), repeat(None)):
            ready = {number for number, _ in poll.poll(pause)}
            if ended in ready:
                break
            if wakes in ready:
                os.read(wakes, 512)
    finally:
        signal.set_wakeup_fd(before)
        for number in (ended, wakes, writes):
            os.close(number)


def shell_status(returncode: int) -> int:
    """Turn :attr:`subprocess.Popen.returncode` (negative for a signal) into a shell's status."""
    return 128 - returncode if returncode < 0 else returncode


class _Forwarder:
    """Passes signals on to a child, once there is one."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._early: list[int] = []

    def on_signal(self, signum: int, _frame: FrameType | None) -> None:
        if self._child is None:
            self._early.append(signum)
        else:
            self._child.send_signal(signum)

    def send_to(self, child: Child) -> None:
        self._child = child
        for signum in self._early:
            child.send_signal(signum)


@contextlib.contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Let signals that ask rpz to end raise :class:`Terminated`, so that it cleans up.

    One that is ignored (nohup) stays so.
    """
    deadly = [s for s in TERMINATION if signal.getsignal(s) is not signal.SIG_IGN]
    with _handled(dict.fromkeys(deadly, raise_terminated)):
        yield


def raise_terminated(signum: int, _frame: FrameType | None) -> None:
    """Handle the first signal of :data:`TERMINATION`; more of them don't disturb the cleaning."""
    for other in TERMINATION:
        if signal.getsignal(other) is raise_terminated:
            signal.signal(other, signal.SIG_IGN)
    raise Terminated(signum)


@contextlib.contextmanager
def _handled(handlers: Mapping[int, Handler]) -> Iterator[None]:
    before = {signum: signal.signal(signum, handler) for signum, handler in handlers.items()}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
