"""What the commands share that look at runs: which are meant, and how times are shown."""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rpz.commands.options import DEFAULT_TRACE_DIR
from rpz.commands.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from rpz.provenance.source import Source
    from rpz.tracer.rows import RunRow

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Any)
NANOSECOND = 1e-9


def source(function: Function) -> Function:
    """Add the argument that names a trace or a pack, and a run of it."""
    return click.argument(
        "source",
        default=os.fspath(DEFAULT_TRACE_DIR),
        metavar="[TRACE|PACK][:RUN]",
        callback=in_usual_trace,
    )(function)


def with_secrets(function: Function) -> Function:
    """Add ``--secrets``: otherwise a trace folder shows what a pack of it would."""
    words = "Show passwords and keys in a trace folder as they are."
    return click.option("--secrets", is_flag=True, help=words)(function)


def looked_at(
    name: str, *, secrets: bool, contents: bool = False
) -> AbstractContextManager[Source]:
    """Open a trace or a pack to show it, with secrets only if they are asked for.

    With ``contents``, what only the data of a pack of ReproZip's tell is told, too.
    """
    from rpz.provenance.public import published
    from rpz.provenance.source import opened

    return (opened if secrets else published)(name, contents=contents)


def in_usual_trace(_ctx: click.Context, _param: click.Parameter, name: str) -> str:
    """Take ``:RUN`` alone for a run of the usual trace folder, unless a file is called so."""
    is_run = name.startswith(":") and not os.path.lexists(name)
    return f"{DEFAULT_TRACE_DIR}{name}" if is_run else name


def tell(gaps: Iterable[str]) -> None:
    """Say what nobody has recorded of a run that is looked at."""
    for gap in gaps:
        log.info("%s", shown(gap))


def text(value: bytes) -> str:
    """Return bytes of a trace as text that JSON takes."""
    return value.decode("utf-8", "surrogateescape")


def words(listed: bytes) -> list[str]:
    """Return the words of a list in a trace."""
    from rpz.tracer.fields import items_of

    return [text(word) for word in items_of(listed)]


def seconds(nanoseconds: int | None) -> float | None:
    """Return seconds, to the millisecond."""
    return None if nanoseconds is None else round(nanoseconds * NANOSECOND, 3)


def duration(nanoseconds: int | None) -> str:
    """Return how long something took, for a person: ``0.21 s``, ``3 min 5 s``, ``?``."""
    if nanoseconds is None:
        return "?"
    whole = nanoseconds * NANOSECOND
    if whole < 60:  # noqa: PLR2004 (a minute)
        return f"{whole:.2f} s"
    minutes, rest = divmod(round(whole), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def amount(size: int | None) -> str:
    """Return how many bytes something has, for a person; ``?``."""
    from rpz.packer.sizes import human_size

    return "?" if size is None else human_size(size)


def moment(nanoseconds: int | None, offset: str = "+0000") -> str:
    """Return a time of the wall clock in ISO 8601, to the second, in the zone of an offset."""
    if not nanoseconds:
        return "?"
    try:
        zone = datetime.strptime(offset, "%z").tzinfo or timezone.utc
    except ValueError:
        zone = timezone.utc
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    time = epoch + timedelta(microseconds=nanoseconds // 1000)
    return time.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def end_of(run: RunRow) -> str:
    """Say how a run ended."""
    from rpz.tracer.records import SIGNALLED

    if run.exitcode is None:
        return "its end was not seen"
    if run.exitcode >= SIGNALLED:
        return f"killed by signal {run.exitcode - SIGNALLED}"
    return f"exit status {run.exitcode}"
