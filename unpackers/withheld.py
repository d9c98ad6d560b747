"""The secrets that were withheld from a pack: who replays it has his own (``docs/secrets.md``)."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from rpz.packer.secrets.forms import REDACTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpz.packer.config.model import Run

log = logging.getLogger(__name__)

MARK = REDACTED.decode()


def without_withheld(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a program can be given: never what only stands for a secret."""
    return {name: value for name, value in environ.items() if MARK not in value}


def supplied(run: Run, environ: Mapping[bytes, bytes] = os.environb) -> Run:
    """Return a run with the caller's values of what was withheld; say what is still missing."""
    withheld = [name for name, value in run.environ.items() if MARK in value]
    own = {
        name: environ[key].decode("utf-8", "surrogateescape")
        for name in withheld
        if (key := name.encode("utf-8", "surrogateescape")) in environ
    }
    if missing := [name for name in withheld if name not in own]:
        log.warning(
            "%s runs without %s, withheld from the pack: set it in your environment to pass it on.",
            run.id,
            ", ".join(missing),
        )
    for number, word in enumerate(run.argv):
        if MARK in word:
            log.warning(
                "Argument %d of %s was withheld from the pack: the program gets %a.",
                number,
                run.id,
                word,
            )
    return replace(run, environ={**run.environ, **own})
