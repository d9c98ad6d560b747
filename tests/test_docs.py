"""What the documentation must have: no command, column or record type can be forgotten."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rpz.cli import COMMANDS
from rpz.tracer.database import VERSION, TraceDatabase
from rpz.tracer.records import RECORDS, TYPES, Flag, Mode, PathName, Record, Warn
from rpz.tracer.rows import TABLES, FileRow
from rpz.tracer.schema import all_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), *sorted(ROOT.glob("*.md"))]


def text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def sections(page: str) -> dict[str, str]:
    """Return a page's sections of the second level by title."""
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def columns(table: str) -> list[str]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(all_tables())
        return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    finally:
        connection.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"`rpz {command}\b", (ROOT / "README.md").read_text() + text("commands.md"))


@pytest.mark.parametrize("table", list(TABLES.values()))
def test_every_column_is_documented_with_its_table(table: str) -> None:
    section = sections(text("trace-database.md"))[table]
    rows = re.findall(r"^\| (`.*?) \|", section, flags=re.MULTILINE)
    documented = re.findall(r"`(\w+)`", " ".join(rows))
    modes = ["mode"] if table == "opened_files" else []  # the second table, of its bits
    assert documented == columns(table) + modes


def test_every_mode_is_documented() -> None:
    for page in (sections(text("trace-database.md"))["opened_files"], text("record-stream.md")):
        for mode in Mode:
            assert f"| {mode.value} | {mode.name} |" in page


def test_the_versions_are_documented() -> None:
    assert text("trace-database.md").startswith(f"# The trace database, version {VERSION}\n")
    assert text("record-stream.md").startswith("# The record stream, version 1\n")


@pytest.mark.parametrize("record", RECORDS)
def test_every_record_type_is_documented(record: type[Record]) -> None:
    names = {PathName: "PATH", Warn: "WARNING"}
    name = names.get(record, record.__name__.upper())
    assert f"| {TYPES[record]} | {name} |" in text("record-stream.md")


def test_every_flag_is_documented() -> None:
    (flags,) = re.findall(r"`flags`: .*", text("record-stream.md"))
    assert [int(number) for number in re.findall(r"\b\d\b", flags)] == [f.value for f in Flag]


def queries() -> Iterator[str]:
    section = sections(text("trace-database.md"))["Queries"]
    yield from re.findall(r"^```sql\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("query", list(queries()))
def test_the_example_queries_run(query: str, tmp_path: Path) -> None:
    with TraceDatabase.create(tmp_path / "trace.sqlite3") as database:
        database.add([FileRow(1, 0, b"/in", 0, 1, False, 1, True, False)])
        database.add([FileRow(2, 0, b"/out", 0, 2, False, 1, False, False)])
        database.commit()
    connection = sqlite3.connect(tmp_path / "trace.sqlite3")
    try:
        found = connection.execute(query).fetchall()
    finally:
        connection.close()
    assert ("executed_files" in query) or len(found) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    content = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]*)(?:#[^)]*)?\)", content):
        if target and "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
