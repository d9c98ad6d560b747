"""What makes the tables of a trace database, and which of them came later than the first."""

from pathlib import Path

WAYS = (
    "calls_stopped",
    "calls_noticed",
    "calls_logged",
    "calls_repeated",
    "processes_accelerated",
    "looks_compared",
    "looks_different",
)
"""Columns of a run: see :mod:`rpz.tracer.ways`."""
LATER = {
    ("runs", "name"): "TEXT",
    ("runs", "bytes_read"): "INTEGER",
    ("runs", "bytes_written"): "INTEGER",
    ("processes", "bytes_read"): "INTEGER",
    ("processes", "bytes_written"): "INTEGER",
    **{("runs", column): "INTEGER" for column in WAYS},
}
"""Columns that databases of the same version may lack, because they came later."""
LATER_TABLES = {
    "facts": "facts.sql",
    "random_bytes": "random_bytes.sql",
    "packages": "packages.sql",
}
"""Tables that they may lack, by the first of each file that makes them: they are empty then."""


def sql(file: str) -> str:
    """Return the statements in one of the files that make tables."""
    return Path(__file__).with_name(file).read_text("ascii")


def all_tables() -> str:
    """Return the statements that make all tables."""
    return "".join(map(sql, ("schema.sql", *LATER_TABLES.values())))
