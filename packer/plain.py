"""Files of which the runs did nothing but look at them and read them, each under one name.

That is most of a long trace. What was done with such a file says nothing of any other, and its
order doesn't matter, so that it needs no place in a :class:`~rpz.packer.tree.Tree`, in memory: the
database sorts and joins the rows.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from rpz.packer.magic import MAGIC
from rpz.packer.tree import NONE, Plain
from rpz.tracer.records import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.tracer.database import TraceDatabase

READ, MORE = int(Mode.READ), int(Mode.WRITE | Mode.SOCKET)

NAMES = f"""
SELECT name, max(more), max(moves) FROM (
    SELECT name, NOT existed OR truncated OR mode & {MORE} AS more, NOT existed AS moves
    FROM opened_files
    UNION ALL SELECT name, 1, 1 FROM removals
    UNION ALL SELECT old, 1, 1 FROM renames
    UNION ALL SELECT new, 1, 1 FROM renames
    UNION ALL SELECT name, 1, 0 FROM links
    UNION ALL SELECT name, 1, 0 FROM snapshots
) GROUP BY CAST(replace(name, '/', char(0)) AS BLOB)
  ORDER BY CAST(replace(name, '/', char(0)) AS BLOB)
"""  # noqa: S608 (our own)
"""All names, whether more was done than reading, and whether it concerns what is below the name.

A slash comes before all other bytes, so that what is below a name follows it."""

OWN = f"""
SELECT name, max(moves) FROM (
    SELECT name, NOT existed AS moves FROM opened_files
    WHERE NOT existed OR truncated OR mode & {MORE} OR instr(name, '//') OR name GLOB '*/'
    UNION ALL SELECT name, 1 FROM removals
    UNION ALL SELECT old, 1 FROM renames
    UNION ALL SELECT new, 1 FROM renames
    UNION ALL SELECT name, 0 FROM links
    UNION ALL SELECT name, 0 FROM snapshots
) GROUP BY name
"""  # noqa: S608 (our own)
"""The names with which more was done than reading, and whether it concerns what is below them."""
FEW, FEW_FOLDERS = 5000, 20
"""How many of them, and of those whose content it concerns, are known by themselves: else all names
are sorted."""
BELOW = "name > CAST(? AS TEXT) AND name < CAST(? AS TEXT)"
"""With a slash behind a folder's name, and with what comes after a slash."""

PLAIN = f"""
SELECT name, min(run_id), max(is_directory), group_concat(
    DISTINCT CASE WHEN mode & {READ} AND NOT is_directory THEN run_id END)
FROM opened_files WHERE name NOT IN aside GROUP BY name
"""  # noqa: S608 (our own)

READ_FILES = f"""
SELECT name, min(run_id), 0, group_concat(DISTINCT run_id)
FROM opened_files WHERE mode & {READ} AND NOT is_directory AND name NOT IN aside GROUP BY name
"""  # noqa: S608 (our own)


def put_others_aside(database: TraceDatabase) -> None:
    """Put aside, in the database, the names of all files with which more was done.

    Those are also the ones below a folder that a run has made, moved or removed.
    """
    own = list(islice(database.select(OWN), FEW + 1))
    moved = [name for name, moves in own if moves]
    if len(own) > FEW or len(moved) > FEW_FOLDERS:
        database.put_aside(_others(database.select(NAMES)))
    else:
        database.put_aside({name for name, _ in own} | _below(database, moved))


def _below(database: TraceDatabase, folders: list[bytes]) -> set[bytes]:
    """Return the names of files below some folders."""
    if not folders:
        return set()
    where = " OR ".join([BELOW] * len(folders))
    bounds = [bound for folder in folders for bound in (folder + b"/", folder + b"0")]
    found = database.select(f"SELECT DISTINCT name FROM opened_files WHERE {where}", *bounds)  # noqa: S608 (our own words)
    return {name for (name,) in found}


def _others(names: Iterable[tuple[bytes, int, int]]) -> Iterator[bytes]:
    above = b"\0"
    for name, more, moves in names:
        is_below = name.startswith(above)
        if more or is_below or b"//" in name or name[-1:] == b"/":
            yield name
        if moves and not is_below:
            above = name + b"/"


def plain_files(database: TraceDatabase, *, only_read: bool = False) -> Iterator[Plain]:
    """Yield all other files, as the tree would have them; or only those that were read."""
    is_magic = MAGIC.match
    for name, first, is_directory, runs in database.select(READ_FILES if only_read else PLAIN):
        if not is_magic(name):
            read_by = NONE if runs is None else _numbers(runs)
            yield Plain(name, first, is_directory == 1, read_by)


@cache
def _numbers(joined: bytes) -> frozenset[int]:
    return frozenset(map(int, joined.split(b",")))
