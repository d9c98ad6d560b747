"""The secrets that were withheld from a pack: who replays it has his own (``docs/secrets.md``)."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from rpz.packer.secrets.values import REDACTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpz.packer.config.model import Run

log = logging.getLogger(__name__)

MARK = REDACTED.decode()
HOW = "set it in your environment to pass it on"
WHY_NOT = "it holds a path of the traced machine, and yours isn't passed on"
PLACES = frozenset({"PWD", "OLDPWD", "HOME", "TMPDIR", "TMP", "TEMP", "PATH", "LD_LIBRARY_PATH"})
"""Variables that name folders of the traced machine: the caller's are of another one."""


def without_withheld(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a program can be given: never what only stands for a secret."""
    return {name: value for name, value in environ.items() if MARK not in value}


def supplied(run: Run, environ: Mapping[bytes, bytes] = os.environb) -> Run:
    """Return a run with the caller's values of what was withheld; say what is still missing."""
    withheld = {name: value for name, value in run.environ.items() if MARK in value}
    places = {name for name, value in withheld.items() if _is_place(name, value)}
    own = {
        name: environ[key].decode("utf-8", "surrogateescape")
        for name in withheld.keys() - places
        if (key := name.encode("utf-8", "surrogateescape")) in environ
    }
    missing = [name for name in withheld if name not in own]
    _tell(run, [name for name in missing if name not in places], HOW)
    _tell(run, [name for name in missing if name in places], WHY_NOT)
    for number, word in enumerate(run.argv):
        if MARK in word:
            log.warning(
                "Argument %d of %s was withheld from the pack: the program gets %a.",
                number,
                run.id,
                word,
            )
    return replace(run, environ={**run.environ, **own})


def _is_place(name: str, value: str) -> bool:
    """Whether a variable names files of the traced machine, in which the caller has no say."""
    parts = value.split(":")
    return name in PLACES or any(
        MARK in part and part.startswith("/") and not part.startswith("//") for part in parts
    )


def _tell(run: Run, missing: list[str], remark: str) -> None:
    if missing:
        names = ", ".join(missing)
        log.warning("%s runs without %s, withheld from the pack: %s.", run.id, names, remark)
