"""What was unpacked where: a note for each target, in a folder of the user's own.

``$XDG_STATE_HOME/rpz/targets`` (``~/.local/state``) has a JSON file for each. It is a convenience:
targets work without, and where it can't be written nothing fails.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.atomic import replaced_file
from rpz.unpackers.errors import TargetError
from rpz.unpackers.target import Target, read

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


class Condition(Enum):
    """What was found where a target was."""

    READY = "ready"
    GONE = "gone"
    """It was moved or removed by hand."""


@dataclass(frozen=True)
class Known:
    """A target that was unpacked; ``target`` has no runs when it is gone."""

    target: Target
    condition: Condition

    @property
    def leaves_behind(self) -> bool:
        """Whether something of it is elsewhere than in its folder, though that is gone."""
        return self.condition is Condition.GONE and bool(self.target.data)


def known() -> Iterator[Known]:
    """Yield what was unpacked, the oldest first.

    What is gone and has left nothing behind is yielded once, and then forgotten.
    """
    notes = [(note, path) for path in _notes() if (note := _read(path)) is not None]
    for note, path in sorted(notes, key=lambda pair: pair[0].created):
        found = _found(note)
        if found.condition is Condition.GONE and not found.leaves_behind:
            path.unlink(missing_ok=True)
        yield found


def remember(target: Target) -> None:
    """Note a target where it is now, unless it is noted; what it was called before is forgotten."""
    place = _note_of(target.folder)
    with _allowed_to_fail():
        if place.exists():
            return
        for path in _notes():
            old = _read(path)
            if old is not None and _is_same(old, target) and not old.folder.exists():
                path.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(place) as file:
            file.write(json.dumps(_content(target), indent=1).encode("ascii"))


def forget(folder: Path) -> None:
    """Remove the note of a target that is no more."""
    with _allowed_to_fail():
        _note_of(folder).unlink(missing_ok=True)


def noted(folder: Path) -> Target | None:
    """Return what is known of a target whose folder is gone; None: nothing."""
    note = _read(_note_of(folder))
    return None if note is None or note.folder.exists() else note


def _found(note: Target) -> Known:
    with contextlib.suppress(TargetError, OSError):
        there = read(note.folder)
        if _is_same(note, there):
            return Known(there, Condition.READY)
    return Known(note, Condition.GONE)


def _is_same(one: Target, other: Target) -> bool:
    """Whether it is the same target; its container may be another one since (reset)."""
    return (one.unpacker, one.pack_id, one.created) == (
        other.unpacker,
        other.pack_id,
        other.created,
    )


def _folder() -> Path:
    own = os.environ.get("XDG_STATE_HOME", "")
    base = Path(own) if own.startswith("/") else Path.home() / ".local" / "state"
    return base / "rpz" / "targets"


def _notes() -> list[Path]:
    return list(_folder().glob("*.json"))


def _note_of(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return _folder() / f"{name}.json"


def _content(target: Target) -> dict[str, object]:
    return {
        "folder": str(target.folder.resolve()),
        "unpacker": target.unpacker,
        "pack_id": target.pack_id,
        "created": target.created,
        "pack": None if target.pack is None else str(target.pack),
        "data": dict(target.data),
    }


def _read(path: Path) -> Target | None:
    """Return a note as a target without runs; None: there is none, or it is damaged."""
    try:
        note = json.loads(path.read_bytes())
        return Target(
            folder=Path(note["folder"]),
            unpacker=str(note["unpacker"]),
            pack_id=note["pack_id"],
            created=str(note["created"]),
            runs=(),
            inputs_outputs=(),
            data={str(key): str(value) for key, value in note["data"].items()},
            pack=Path(note["pack"]) if note["pack"] else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


@contextlib.contextmanager
def _allowed_to_fail() -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # RuntimeError: no home
        log.debug("The list of targets isn't kept: %s", error)
