"""Runs of a catalogue as plain rows (``docs/catalog.md``): for JSON, CSV, and tables of pandas."""

from __future__ import annotations

import shlex
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from rpz.provenance.catalog.filters import Filters, and_all
from rpz.provenance.catalog.numbers import plain
from rpz.provenance.catalog.places import Condition, places
from rpz.tracer.fields import items_of
from rpz.tracer.records import SIGNALLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rpz.provenance.catalog.database import Catalog

COLUMNS = (
    "id, uuid, argv, workingdir, started, duration, exitcode, processor_time, peak_memory,"
    " hostname, distribution, distribution_version, architecture"
)
PARAMETER = "parameter."
"""What the names of columns begin with that are parameters."""
NANOSECOND = 1e-9
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def runs(catalog: Catalog, filters: Filters | None = None) -> Iterator[dict[str, Any]]:
    """Yield a row for each run that is meant, the oldest first.

    Raises:
        FilterError: a filter can't be understood.
        CatalogError: the catalogue can't be read.

    """
    where, values = and_all((filters or Filters()).conditions())
    statement = f"SELECT {COLUMNS} FROM runs WHERE {where} ORDER BY started, uuid"  # noqa: S608
    for row in catalog.select(statement, *values):
        yield _row(catalog, row)


def _row(catalog: Catalog, columns: tuple[Any, ...]) -> dict[str, Any]:
    number, uuid, argv, folder, started, duration, status, processor, memory, *host = columns
    hostname, distribution, version, architecture = map(_text, host)
    facts = _facts(catalog, number)
    known = places(catalog, "run_id = ?", number)
    return {
        "id": _text(uuid),
        "name": known[0].name if known else "",
        "command": shlex.join(_text(word) for word in items_of(argv)),
        "folder": _text(folder),
        "started": moment(started, "".join(facts["when", "utc offset"][:1])),
        "seconds": _seconds(duration),
        "status": status if status is None or status < SIGNALLED else None,
        "signal": None if status is None or status < SIGNALLED else status - SIGNALLED,
        "processor_seconds": _seconds(processor),
        "peak_memory": memory,
        "host": hostname,
        "system": f"{distribution} {version}".strip(),
        "architecture": architecture,
        "user": "".join(facts["who", "user"][:1]),
        "project": "".join(facts["why", "project"][:1]),
        "reason": "".join(facts["why", "reason"][:1]),
        "tags": facts["why", "tag"],
        "notes": facts["note", ""],
        "commits": facts["code", "commit"],
        "changed": bool(facts["code", "changes"]),
        "places": [p.shown for p in known if p.condition is not Condition.GONE],
        "gone": [p.shown for p in known if p.condition is Condition.GONE],
        **_parameters(catalog, number),
    }


def _facts(catalog: Catalog, run: int) -> defaultdict[tuple[str, str], list[str]]:
    """Return what is known of a run but for parameters; all comments under one name."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    statement = (
        "SELECT topic, name, value FROM facts WHERE run_id = ? AND topic <> 'parameter' ORDER BY id"
    )
    for topic, name, value in catalog.select(statement, run):
        key = (_text(topic), "" if topic == b"note" else _text(name))
        found[key].append(_text(value))
    return found


def _parameters(catalog: Catalog, run: int) -> dict[str, Any]:
    """Return parameters by name: what arguments say, else files; a list if these don't agree."""
    given: dict[str, list[Any]] = {}
    read: dict[str, list[Any]] = {}
    statement = (
        "SELECT name, value, source FROM facts WHERE run_id = ? AND topic = 'parameter' ORDER BY id"
    )
    for name, value, source in catalog.select(statement, run):
        values = (read if source else given).setdefault(PARAMETER + _text(name), [])
        if plain(value) not in values:
            values.append(plain(value))
    found = {**read, **given}
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def moment(nanoseconds: int, offset: str) -> str:
    """Return a time of the wall clock in ISO 8601, in the zone of an offset; UTC without one."""
    try:
        zone = datetime.strptime(offset, "%z").tzinfo or timezone.utc
    except ValueError:
        zone = timezone.utc
    time = EPOCH + timedelta(microseconds=nanoseconds // 1000)
    return time.astimezone(zone).isoformat(timespec="milliseconds")


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else round(nanoseconds * NANOSECOND, 3)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def flat(rows: Iterable[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the columns of all rows, and the rows with lists as texts: for CSV."""
    made = [{key: _joined(value) for key, value in row.items()} for row in rows]
    return list(dict.fromkeys(key for row in made for key in row)), made


def _joined(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list) else value
