"""How far a deposit is, kept beside the pack: ``PACK.deposit.json`` (``docs/publishing.md``)."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.atomic import replaced_file
from rpz.provenance.deposit.errors import DepositError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 1


@dataclass(frozen=True)
class Note:
    """A draft that was begun: where, and what it is called there.

    ``doi`` and ``page`` are empty before the DOI is reserved. ``signature`` is the SHA-256 of a
    signature that no longer fits, as the DOI was written into the pack.
    """

    service: str
    url: str
    id: str
    doi: str = ""
    page: str = ""
    signature: str = ""
    published: bool = False


def place_of(pack: Path) -> Path:
    """Return where a pack's note is."""
    return pack.with_name(f"{pack.name}.deposit.json")


def read_note(pack: Path) -> Note | None:
    """Return a pack's note; None if no deposit was begun.

    Raises:
        DepositError: it can't be understood.

    """
    place = place_of(pack)
    try:
        page = json.loads(place.read_bytes())
        if page.pop("schema") != SCHEMA:
            raise DepositError(f"{place} is of a newer rpz", "Upgrade rpz")
        note = Note(**page)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _not_understood(place) from None
    if any(type(getattr(note, f.name)).__name__ != f.type for f in dataclasses.fields(note)):
        raise _not_understood(place)
    return note


def write_note(pack: Path, note: Note) -> None:
    """Keep how far a deposit is."""
    with replaced_file(place_of(pack)) as file:
        page = {"schema": SCHEMA, **dataclasses.asdict(note)}
        file.write(json.dumps(page, indent=2).encode() + b"\n")


def _not_understood(place: Path) -> DepositError:
    return DepositError(
        f"{place} isn't the note of a deposit", "Move it away, and the deposit begins anew"
    )
