"""The terminal's foreground, which a shell takes and can't give back from a namespace of its own.

It knows the process group that had the terminal before by no number.
"""

from __future__ import annotations

import os
import signal

STREAMS = (0, 1, 2)


def held() -> int | None:
    """Return a standard stream whose terminal has this process's group in the foreground."""
    return next(filter(_is_held, STREAMS), None)


def _is_held(stream: int) -> bool:
    try:
        return os.tcgetpgrp(stream) == os.getpgrp()
    except OSError:  # no terminal, or not ours
        return False


def take_back(terminal: int | None) -> None:
    """Put this process's group into the foreground again, where it was before."""
    if terminal is None:
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])  # else it would stop us
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():
            os.tcsetpgrp(terminal, os.getpgrp())
    except OSError:  # the terminal is gone
        pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
