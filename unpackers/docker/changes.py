"""What the runs have made or changed in a container, by its real names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.unpackers.docker.files import archive_of, name_in, read
from rpz.unpackers.errors import DockerError, NoSuchFileInTargetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

_REMOVED = 2
"""The kind of a change (``GET /containers/ID/changes``): 0 changed, 1 made, 2 removed."""
_GO_FOLDER = 1 << 31
"""The bit of a mode that says folder, as Go has it, in which the engine is written."""
_NOT_ITS_OWN = (b".rpz", b".dockerenv", b"proc", b"sys", b"dev")


def changed(engine: APIClient, container: str) -> Iterator[bytes]:
    """Yield what isn't a folder, isn't rpz's, and was made or changed in a container."""
    names: dict[bytes, list[bytes]] = {}
    paths = {
        path: change["Kind"]
        for change in engine.diff(container) or ()
        for path in _meant(engine, container, change["Path"], names)
    }
    folders = {path.parent for path in paths}
    for path, kind in paths.items():
        if kind == _REMOVED or path in folders or path.path.split(b"/")[1] in _NOT_ITS_OWN:
            continue
        if not _is_folder(engine, container, path):
            yield path.path


def _meant(
    engine: APIClient, container: str, told: str, names: dict[bytes, list[bytes]]
) -> Iterator[PosixPath]:
    """Yield what the engine may mean by a path, in which each byte that isn't UTF-8 is U+FFFD.

    ``names`` keeps what is in a folder, so that each is asked for once.
    """
    parent, _, last = told.rpartition("/")
    if "\N{REPLACEMENT CHARACTER}" not in told:
        yield PosixPath(told.encode())
        return
    for folder in _meant(engine, container, parent, names) if parent else [PosixPath(b"/")]:
        if folder.path not in names:
            names[folder.path] = _names(engine, container, folder)
        fitting = [name for name in names[folder.path] if _as_told(name) == last]
        yield from (folder / name for name in fitting or [last.encode()])


def _names(engine: APIClient, container: str, folder: PosixPath) -> list[bytes]:
    """Return the names of what is in a folder, as far as it is there."""
    try:
        pieces, _ = archive_of(engine, container, folder, b"/.")
    except (NoSuchFileInTargetError, DockerError):  # Podman takes no name that isn't UTF-8
        return []
    with read(pieces) as archive:
        return [name for info in archive if (name := name_in(info)) is not None]


def _as_told(name: bytes) -> str:
    """Return what the engine makes of a name in JSON."""
    text = name.decode("utf-8", "surrogateescape")
    return "".join("\N{REPLACEMENT CHARACTER}" if "\udc80" <= c <= "\udcff" else c for c in text)


def _is_folder(engine: APIClient, container: str, path: PosixPath) -> bool:
    try:
        _, status = archive_of(engine, container, path)
    except (NoSuchFileInTargetError, DockerError):  # its name isn't UTF-8
        return False
    return int(status["mode"]) & _GO_FOLDER != 0
