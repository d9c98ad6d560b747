"""Which runs wrote or read a file, by what is in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rpz.errors import RpzError
from rpz.provenance.catalog.filters import SHA256, Filters
from rpz.provenance.catalog.rows import runs
from rpz.tracer.sha256 import buffer, sha256

if TYPE_CHECKING:
    from rpz.provenance.catalog.database import Catalog

ROLES = {b"output": "written", b"input": "read"}


@dataclass(frozen=True)
class Use:
    """One use of a file: ``run`` is a row of :func:`rpz.provenance.catalog.rows.runs`."""

    role: str
    name: str
    run: dict[str, Any]


def digest_of(file: str) -> str:
    """Return the SHA-256 of a file, or what is one already.

    Raises:
        RpzError: there is no such file, or it can't be read.

    """
    if not os.path.lexists(file) and SHA256.fullmatch(file):
        return file.lower()
    found = sha256(os.fsencode(os.path.realpath(file)), buffer(), lambda _count: None)
    if found is None:
        what = "can't be read as a file" if os.path.lexists(file) else "doesn't exist"
        raise RpzError(f"{file} {what}", "Name a file, or the SHA-256 of one")
    return found


def uses(catalog: Catalog, digest: str) -> list[Use]:
    """Return what runs did with a content: who wrote it first, the oldest first.

    Raises:
        CatalogError: the catalogue can't be read.

    """
    statement = (
        "SELECT role, names.name, uuid FROM uses JOIN contents ON contents.id = content_id"
        " JOIN names ON names.id = name_id JOIN runs ON runs.id = run_id"
        " WHERE sha256 = ? ORDER BY role = 'input', started, uuid, names.name"
    )
    rows: dict[str, dict[str, Any]] = {}
    found = []
    for role, name, uuid in catalog.select(statement, digest):
        run = uuid.decode()
        if run not in rows:
            (rows[run],) = runs(catalog, Filters(ids=[run]))
        found.append(Use(ROLES[role], name.decode("utf-8", "surrogateescape"), rows[run]))
    return found


def unhashed(catalog: Catalog) -> int:
    """Return how many runs have no digests, so that nothing can be found by them."""
    statement = "SELECT count(*) FROM runs WHERE id NOT IN (SELECT run_id FROM uses)"
    return int(catalog.select(statement)[0][0])
