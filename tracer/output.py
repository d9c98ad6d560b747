"""Keep what a run writes to its standard output and error, and pass it on as it is.

The command sees what it would see: a terminal where there is one, a pipe for a pipe, and a regular
file itself. Its terminal for output is one of ours; the settings of the real one follow it, and it
follows the real one's size. Standard input, the controlling terminal and the session stay the real
ones, so that Ctrl-C, Ctrl-Z and job control work as they do without us.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import shutil
import signal
import stat
import termios
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

STDOUT, STDERR = 1, 2
NAMES = {STDOUT: "stdout", STDERR: "stderr"}
BLOCK = 1 << 16
EXTPROC = 0o200000
"""The line discipline's flag that makes changes of a terminal's settings known (termios(3))."""
IFLAG, OFLAG, CFLAG, LFLAG = range(4)
WINDOW_SIZE = 8
"""Bytes of a ``struct winsize``."""


@contextlib.contextmanager
def closed_streams_kept() -> Iterator[None]:
    """Keep standard streams that are closed from becoming files of ours, and then the command's."""
    with contextlib.ExitStack() as stack:
        while (file := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) <= STDERR:
            stack.callback(os.close, file)
        os.close(file)
        yield


@contextlib.contextmanager
def saved_output(place: Callable[[str], Path]) -> Iterator[dict[int, int]]:
    """Keep what is written inside; yield the descriptors that stand for 1 and 2 of the command.

    Args:
        place: returns the file for ``stdout`` and for ``stderr``.

    """
    place(NAMES[STDOUT]).parent.mkdir(exist_ok=True)
    with contextlib.ExitStack() as channels:
        given: dict[int, int] = {}
        for number in (STDOUT, STDERR):
            if number == STDERR and _is_same(STDOUT, STDERR):
                if STDOUT in given:
                    given[STDERR] = given[STDOUT]
                continue
            channel = _channel(number, place(NAMES[number]))
            if channel is not None:
                descriptor = channels.enter_context(channel)
                if descriptor != number:
                    given[number] = descriptor
        yield given


def _is_same(one: int, other: int) -> bool:
    """Whether both lead to one place, so that the order of what comes by them matters."""
    try:
        both_terminals = os.isatty(one) and os.isatty(other)
        return both_terminals or os.path.samestat(os.fstat(one), os.fstat(other))
    except OSError:
        return False


def _channel(number: int, path: Path) -> contextlib.AbstractContextManager[int] | None:
    if not os.get_inheritable(number):  # see closed_streams_kept
        return None
    mode = os.fstat(number).st_mode
    if os.isatty(number):
        return _terminal(number, path)
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return _pipe(number, path)
    if stat.S_ISREG(mode):
        return _file(number, path)
    log.warning("The run's %s is a device that is not kept", NAMES[number])
    return None


@contextlib.contextmanager
def _file(number: int, path: Path) -> Iterator[int]:
    """Let the command write to the file itself, and copy what it has added."""
    appends = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_APPEND
    begin = os.fstat(number).st_size if appends else os.lseek(number, 0, os.SEEK_CUR)
    yield number
    try:
        with (
            open(f"/proc/self/fd/{number}", "rb") as source,  # noqa: PTH123
            path.open("wb") as target,
        ):
            source.seek(begin)
            shutil.copyfileobj(source, target)
    except OSError as error:
        log.warning("The run's %s was not kept: %s", NAMES[number], error.strerror)


@contextlib.contextmanager
def _pipe(number: int, path: Path) -> Iterator[int]:
    source, given = os.pipe()
    copy = _Copy(source, number, path, _read)
    with _copying(copy, given):
        yield given


@contextlib.contextmanager
def _terminal(number: int, path: Path) -> Iterator[int]:
    import pty  # seldom

    master, slave = pty.openpty()
    settings = termios.tcgetattr(number)
    settings[OFLAG] &= ~termios.OPOST  # the real one does that; here the bytes stay as they are
    settings[LFLAG] |= EXTPROC
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    fcntl.ioctl(master, termios.TIOCPKT, (1).to_bytes(4, "little"))
    _follow_size(number, master)

    def read(source: int) -> bytes:
        packet = os.read(source, BLOCK)
        if packet[:1] not in (b"", b"\0"):
            _follow_settings(source, number)
            return b""
        return packet[1:]

    def on_resize(_number: int, _frame: object) -> None:
        if _follow_size(number, master):
            # The command has been told by the real terminal, and may have asked too early.
            with contextlib.suppress(OSError):
                os.killpg(os.tcgetpgrp(number), signal.SIGWINCH)

    before = signal.signal(signal.SIGWINCH, on_resize)
    try:
        with _copying(_Copy(master, number, path, read), slave):
            yield slave
    finally:
        signal.signal(signal.SIGWINCH, before)


def _follow_size(real: int, master: int) -> bool:
    """Give our terminal the size of the real one; return whether it had another."""
    sizes = [fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(WINDOW_SIZE)) for fd in (real, master)]
    if sizes[0] == sizes[1]:
        return False
    fcntl.ioctl(master, termios.TIOCSWINSZ, sizes[0])
    return True


def _follow_settings(master: int, real: int) -> None:
    """Give the real terminal what the command has set at ours, unless it is another job's now."""
    with contextlib.suppress(OSError, termios.error):
        if os.tcgetpgrp(real) == os.getpgid(0) or os.tcgetpgrp(real) != os.getsid(0):
            wanted: list[Any] = termios.tcgetattr(master)
            wanted[OFLAG] |= termios.tcgetattr(real)[OFLAG] & termios.OPOST
            wanted[LFLAG] &= ~EXTPROC
            termios.tcsetattr(real, termios.TCSANOW, wanted)


def _read(source: int) -> bytes:
    data = os.read(source, BLOCK)
    if not data:
        raise EOFError
    return data


@contextlib.contextmanager
def _copying(copy: _Copy, given: int) -> Iterator[None]:
    thread = threading.Thread(target=copy.run, name="output", daemon=True)
    # The signals are the main thread's; SIGTTOU would stop us for setting a terminal.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    thread.start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield
    finally:
        os.close(given)
        _wait_for(thread, copy)


def _wait_for(thread: threading.Thread, copy: _Copy) -> None:
    """Wait until the last process that has the stream is gone, or a person won't any longer."""
    try:
        thread.join()
    except KeyboardInterrupt:
        log.warning("Interrupted: what is written from now on is not kept")
    else:
        copy.close()


class _Copy:
    """What reads one stream to its end, keeps it and passes it on."""

    def __init__(self, source: int, target: int, path: Path, read: Callable[[int], bytes]) -> None:
        self._source = source
        self._target = target
        self._read = read
        self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN | select.POLLPRI)
        self._poll.register(target, 0)
        self._failure: OSError | None = None
        self._name = NAMES[target]

    def run(self) -> None:
        """Copy until nobody can write any more, or nobody wants to read."""
        try:
            while self._step():
                pass
        except (EOFError, OSError):  # EIO: the last descriptor of our terminal was closed
            pass
        finally:
            os.close(self._source)  # who writes now gets the SIGPIPE that the reader meant

    def _step(self) -> bool:
        events = dict(self._poll.poll())
        if self._source not in events:
            return not events  # the reader has gone
        if data := self._read(self._source):
            self._keep(data)
            _write(self._target, data)
        return True

    def _keep(self, data: bytes) -> None:
        if self._file is None:
            return
        try:
            _write(self._file, data)
        except OSError as error:
            self._failure = error
            os.close(self._file)
            self._file = None

    def close(self) -> None:
        """Close the file, and say what went wrong with it."""
        if self._file is not None:
            os.close(self._file)
        if self._failure is not None:
            log.warning("The run's %s was not kept: %s", self._name, self._failure.strerror)


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        with contextlib.suppress(BlockingIOError):  # who shares the stream has made it so
            view = view[os.write(file, view) :]
            continue
        select.select([], [file], [])
