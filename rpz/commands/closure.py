"""What ``rpz pack`` says of a pack that isn't closed by itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rpz.commands.text import counted, shown_path
from rpz.errors import first_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.packer.closure import Result
    from rpz.packer.closure.check import Missing

log = logging.getLogger(__name__)

SHOWN = 5
"""Paths that a list shows before it only counts."""


def tell_closure(closure: Result) -> None:
    """Say what was added to a pack, what is missing in it, what was not looked at."""
    from rpz.packer.sizes import human_size

    for name, path in closure.lost:
        log.warning("%s can't be run from this pack, which lacks %s", name, shown_path(path))
    if closure.added:
        log.info(
            "Added, because programs in the pack need them (%s, %s): %s",
            counted(len(closure.added), "file"),
            human_size(closure.size),
            first_of([shown_path(path) for path in closure.added], SHOWN),
        )
    _tell_missing("Programs in the pack will not find", closure.missing, logging.WARNING)
    _tell_missing("The runs did without", closure.unmet, logging.DEBUG)
    if closure.foreign:
        log.debug(
            "Not looked at, because they are for other processors: %s",
            first_of([shown_path(path) for path in closure.foreign], SHOWN),
        )


def _tell_missing(title: str, missing: Iterable[Missing], level: int) -> None:
    for is_left_out, remedy in (
        (True, "list them in config.yml"),
        (False, "install them and pack again, if they are needed"),
    ):
        found = [item for item in missing if item.is_left_out is is_left_out]
        texts = [f"{shown_path(item.name)}, needed by {shown_path(item.by)}" for item in found]
        if texts:
            log.log(level, "%s: %s (%s)", title, first_of(texts, SHOWN, "; "), remedy)
