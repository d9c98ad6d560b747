"""``rpz ps``: the processes of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.looking import amount, duration, looked_at, seconds, source, tell, with_secrets
from rpz.commands.options import as_json, verbosity
from rpz.commands.text import counted, shown_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.processes import Process


@click.command(short_help="Show the processes of a run.")
@source
@with_secrets
@as_json
@verbosity
def command(source: str, as_json: bool, secrets: bool) -> None:
    """Show the processes of a run as a tree: number, times, bytes, end, command.

    Processor time, bytes read and written are of a process and the children that it waited for.

    Without RUN, of the last run.
    """
    from rpz.provenance.processes import processes

    with looked_at(source, secrets=secrets) as found:
        tell(found.gaps)
        roots = processes(found.database, found.run.id)
    everybody = [place for root in roots for place in root.all()]
    if as_json:
        click.echo(json.dumps([_json(depth, process) for depth, process in everybody], indent=1))
        return
    for line in _lines(everybody):
        click.echo(line)


def _lines(everybody: list[tuple[int, Process]]) -> Iterator[str]:
    yield f"{'':>6} {'wall':>11} {'processor':>11} {'read':>10} {'written':>10}  {'end':<10}"
    for depth, process in everybody:
        times = f"{duration(process.wall):>11} {duration(process.cpu):>11}"
        size = f"{amount(process.read):>10} {amount(process.written):>10}"
        what = f"{'  ' * depth}{_what(process)}"
        yield f"{process.number:>6} {times} {size}  {_end(process):<10} {what}"


def _what(process: Process) -> str:
    threads = f" ({counted(process.threads, 'more thread')})" if process.threads else ""
    return (" => ".join(map(shown_command, process.commands)) or "(a fork)") + threads


def _end(process: Process) -> str:
    if process.signal is not None:
        return f"signal {process.signal}"
    return "?" if process.status is None else str(process.status)


def _json(depth: int, process: Process) -> dict[str, Any]:
    return {
        "process": process.number,
        "tid": process.tid,
        "depth": depth,
        "commands": process.commands,
        "seconds": seconds(process.wall),
        "processor_seconds": seconds(process.cpu),
        "peak_memory": process.memory,
        "bytes_read": process.read,
        "bytes_written": process.written,
        "status": process.status,
        "signal": process.signal,
        "threads": process.threads,
    }
