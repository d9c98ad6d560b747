"""Whether calls that only look are seen inside of the processes (``docs/accelerator.md``)."""

from __future__ import annotations

import os
import stat
from enum import Enum
from pathlib import Path


class Acceleration(Enum):
    """Which processes are accelerated; the value is what a user says.

    ``AUTO``: those that look at more than a few files; ``ON``: all, at their first look; ``OFF``:
    none; ``CHECK``: as ``AUTO``, and some are traced both ways to compare.
    """

    AUTO = "auto"
    ON = "on"
    OFF = "off"
    CHECK = "check"

    @property
    def word(self) -> str:
        """What rpz-tracer calls it."""
        return _WORDS[self]


_WORDS = {
    Acceleration.AUTO: "often",
    Acceleration.ON: "all",
    Acceleration.OFF: "never",
    Acceleration.CHECK: "check",
}


def sites_folder() -> Path | None:
    """Return where the user keeps what was found in libraries; made if need be.

    ``$XDG_CACHE_HOME/rpz/sites`` (``~/.cache``). None: it can't be made, or others could write to
    it, which would have them decide on the code of the user's programs.
    """
    try:
        folder = _cache_folder() / "rpz" / "sites"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except (OSError, RuntimeError):  # there is no home
        return None
    own = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
    return folder if own and not status.st_mode & 0o077 else None


def _cache_folder() -> Path:
    own = os.environ.get("XDG_CACHE_HOME", "")
    return Path(own) if own.startswith("/") else Path.home() / ".cache"
