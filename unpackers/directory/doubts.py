"""What a run without isolation can't be given, as far as rpz can see it."""

from __future__ import annotations

import logging
import os
import re
from typing import TYPE_CHECKING

from rpz.unpackers.directory.launch import ROOT
from rpz.unpackers.directory.translate import argument, is_the_machines
from rpz.unpackers.errors import readable
from rpz.unpackers.words import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.config.model import Run
    from rpz.unpackers.directory.launch import Launch
    from rpz.unpackers.directory.place import Root
    from rpz.unpackers.target import Target

log = logging.getLogger(__name__)

PATH = re.compile(rb"/[^\s'\"`;:,|&<>()=$*?]+")


def tell_of_loader(root: Root, start: Launch) -> None:
    """Tell what comes of it where this machine's loader is another than the pack's."""
    if start.loader and not is_the_machines(root, start):
        log.warning(
            "This machine's %s is another than the packed one: "
            "programs that are started by their path may fail.",
            readable(start.loader[0].replace(ROOT, b"")),
        )


def tell_of_arguments(run: Run, root: Root) -> None:
    """Name packed paths in the middle of arguments, which the program uses as they are."""
    for path in dict.fromkeys(_inner_paths(run, root)):
        log.warning(
            "%s finds this machine's %s, not the pack's: it is a part of an argument.",
            run.id,
            readable(path),
        )


def _inner_paths(run: Run, root: Root) -> Iterator[bytes]:
    for word in map(encoded, run.argv[1:]):
        if argument(word, root) == word:
            yield from (path for path in PATH.findall(word) if _is_another(path, root))


def _is_another(path: bytes, root: Root) -> bool:
    """Whether it matters which it is: folders of the same name, such as /tmp, may be both."""
    both_folders = os.path.isdir(path) and os.path.isdir(root.here(path))
    return root.has(path) and not both_folders


def tell_of_outputs(target: Target, index: int, root: Root, since: int) -> None:
    """Name outputs that a run has written on this machine; ``since`` is when, in nanoseconds."""
    for file in target.inputs_outputs:
        path = file.path.path
        if index in file.written_by_runs and _time(path) >= since > _time(root.here(path)):
            log.warning(
                "%s has written this machine's %s, not the target's.",
                target.runs[index].id,
                readable(path),
            )


def _time(path: bytes) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return -1
