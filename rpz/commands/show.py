"""``rpz show``: one run on a page."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.looking import (
    amount,
    duration,
    end_of,
    looked_at,
    moment,
    seconds,
    source,
    tell,
    text,
    with_secrets,
    words,
)
from rpz.commands.options import as_json, verbosity
from rpz.commands.text import counted, shown, shown_command, shown_path
from rpz.packer.sizes import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.page import Page
    from rpz.tracer.rows import FactRow, RunRow

TIMES = ("started",)
"""Facts of a job that are seconds since 1970."""
MOST = 20
"""Lines of a list: who wants more has a command for it."""


@click.command(short_help="Show a run: what, who, when, where, why, with what.")
@source
@with_secrets
@as_json
@verbosity
def command(source: str, as_json: bool, secrets: bool) -> None:
    """Show a run on a page. Without RUN, the last one."""
    from rpz.provenance.page import page_of

    with looked_at(source, secrets=secrets, contents=True) as found:
        tell(found.gaps)
        page = page_of(found.database, found.run)
    if as_json:
        click.echo(json.dumps(_json(page), indent=1))
        return
    for line in _lines(page):
        click.echo(line)


def _lines(page: Page) -> Iterator[str]:
    run = page.run
    yield f"{shown(run.label)}: {shown_command(words(run.argv))}"
    yield _row("ended", f"{end_of(run)}")
    offset = page.first("when", "utc offset") or "+0000"
    wall = None if run.end_timestamp is None else run.end_timestamp - run.timestamp
    yield _row("when", f"{moment(run.started, offset)}, {duration(wall)}")
    yield _row("used", _used(page))
    yield from (_row("calls", said) for said in _calls(page.run))
    yield _row("where", _where(page))
    yield _row("folder", shown_path(run.workingdir))
    for topic in ("who", "why", "job", "note"):
        yield from (_row(fact.name, shown(_said(fact, offset))) for fact in page.topic(topic))
    yield from _code_lines(page)
    yield from _program_lines(page)
    if managers := Counter(package.manager or "others" for package in page.packages):
        said = ", ".join(f"{count} of {name}" for name, count in managers.most_common())
        yield _row("packages", f"{shown(said)} (--json has them)")
    yield from _listed("parameters", [_setting(fact) for fact in page.topic("parameter")])
    yield from _listed("inputs", [_file(name, size) for name, size, _ in page.inputs])
    yield from _listed("outputs", [_file(name, size) for name, size, _ in page.outputs])
    chance = [f"{fact.name}: {shown(text(fact.value))}" for fact in page.topic("chance")]
    yield from _listed("sources of chance", chance)
    yield from _listed("warnings", [shown(text(warning)) for warning in page.warnings])
    if run_id := page.first("run", "id"):
        yield _row("id", run_id)


def _said(fact: FactRow, offset: str) -> str:
    value = text(fact.value)
    since_1970 = fact.name in TIMES and value.isascii() and value.isdigit()
    return moment(int(value) * 10**9, offset) if since_1970 else value


def _row(name: str, value: str) -> str:
    return f"  {name:<10} {value}"


def _used(page: Page) -> str:
    run = page.run
    cpu = None
    if run.user_time is not None and run.system_time is not None:
        cpu = run.user_time + run.system_time
    memory = f", {human_size(run.peak_memory)} of memory at most" if run.peak_memory else ""
    traffic = ""
    if run.bytes_read is not None:
        traffic = f", {amount(run.bytes_read)} read, {amount(run.bytes_written)} written"
    processes = "1 process" if page.processes == 1 else f"{page.processes} processes"
    return f"{duration(cpu)} of processors{memory}{traffic}, {processes}"


def _calls(run: RunRow) -> Iterator[str]:
    """Yield how the calls were seen that the trace is made of, where it tells."""
    if run.calls_stopped is None:
        return
    inside = (run.calls_logged or 0) + (run.calls_repeated or 0)
    processes = _grouped(run.processes_accelerated, "process", "processes")
    ways = [f"{inside:,} seen inside of {processes}"] if run.processes_accelerated else []
    ways += [f"{run.calls_stopped:,} by a stop", f"{run.calls_noticed or 0:,} by a notice"]
    said = ", ".join(ways)
    if run.looks_compared:
        wrong = f"{run.looks_different:,} DIFFER" if run.looks_different else "no difference"
        said += f"; {run.looks_compared:,} looks compared both ways: {wrong}"
    yield said


def _grouped(number: int | None, one: str, many: str) -> str:
    return f"{number or 0:,} {one if number == 1 else many}"


def _where(page: Page) -> str:
    run = page.run
    system = f"{run.distribution} {run.distribution_version}".strip()
    parts = [run.hostname, system, f"{run.system} {run.kernel}", run.architecture]
    parts += [page.first("where", name) for name in ("processor", "gpu", "container")]
    parts += [counted(run.processors, "processor")] if run.processors else []
    parts += [human_size(run.memory)] if run.memory else []
    return ", ".join(shown(part) for part in parts if part)


def _code_lines(page: Page) -> Iterator[str]:
    trees: dict[bytes, dict[str, list[FactRow]]] = defaultdict(lambda: defaultdict(list))
    for fact in page.topic("code"):
        trees[fact.source][fact.name].append(fact)
    for root, facts in trees.items():
        said = [text(f.value)[:12] for f in facts["commit"]]
        said += [text(f.value) for name in ("branch", "remote") for f in facts[name]]
        said += ["not pushed" for f in facts["pushed"] if f.value == b"no"]
        said += [_changed(fact) for fact in facts["diff"] + facts["changes"]]
        if others := facts["untracked"]:
            by = text(facts["system"][0].value) if facts["system"] else "git"
            said += [f"{counted(len(others), 'file')} that {by} doesn't know"]
        yield _row("code", f"{shown_path(root)}: {shown(', '.join(said))}")


def _program_lines(page: Page) -> Iterator[str]:
    made: dict[bytes, list[str]] = defaultdict(list)
    for fact in page.topic("program"):
        if fact.name == "interpreter":
            yield _row(fact.name, f"{shown(text(fact.value))} ({shown_path(fact.source)})")
        else:
            label = "build-id " if fact.name == "build id" else ""
            made[fact.source].append(label + text(fact.value))
    for path, said in made.items():
        yield _row("program", f"{shown_path(path)}: {shown(', '.join(said))}")


def _changed(fact: FactRow) -> str:
    from rpz.provenance.repositories import UNKNOWN

    return "changes not known" if fact.value.startswith(UNKNOWN) else "changed since"


def _setting(fact: FactRow) -> str:
    of = f" ({shown_path(fact.source)})" if fact.source else ""
    return f"{shown(fact.name)} = {shown(text(fact.value))}{of}"


def _file(name: bytes, size: int) -> str:
    return f"{shown_path(name)} ({human_size(size)})"


def _listed(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"  {title}:"
        yield from (f"    {line}" for line in lines[:MOST])
    if len(lines) > MOST:
        yield f"    and {len(lines) - MOST} more (--json has all)"


def _json(page: Page) -> dict[str, Any]:
    run = page.run
    facts: dict[str, list[dict[str, str]]] = defaultdict(list)
    for fact in page.facts:
        about = {"source": text(fact.source)} if fact.source else {}
        facts[fact.topic].append({"name": fact.name, "value": text(fact.value), **about})
    return {
        "run": run.label,
        "argv": words(run.argv),
        "workingdir": text(run.workingdir),
        "started": moment(run.started),
        "ended": None if run.ended is None else moment(run.ended),
        "seconds": seconds(
            None if run.end_timestamp is None else run.end_timestamp - run.timestamp
        ),
        "user_seconds": seconds(run.user_time),
        "system_seconds": seconds(run.system_time),
        "peak_memory": run.peak_memory,
        "bytes_read": run.bytes_read,
        "bytes_written": run.bytes_written,
        "end": end_of(run),
        "uid": run.uid,
        "gid": run.gid,
        "umask": f"{run.umask:03o}",
        "engine": run.engine,
        "calls": _calls_json(run),
        "host": {
            name: getattr(run, name)
            for name in ("hostname", "architecture", "distribution", "distribution_version",
                         "system", "kernel", "processors", "memory")
        },
        "processes": page.processes,
        "inputs": [_file_json(page, "input", *file) for file in page.inputs],
        "outputs": [_file_json(page, "output", *file) for file in page.outputs],
        "packages": [
            {"name": p.name, "version": p.version, "manager": p.manager, "purl": p.purl,
             "size": p.size, "files": len(p.files)}
            for p in page.packages
        ],
        "warnings": [text(warning) for warning in page.warnings],
        "facts": facts,
    }  # fmt: skip


def _calls_json(run: RunRow) -> dict[str, int | None] | None:
    if run.calls_stopped is None:
        return None
    return {
        "stopped": run.calls_stopped,
        "noticed": run.calls_noticed,
        "logged": run.calls_logged,
        "repeated": run.calls_repeated,
        "accelerated_processes": run.processes_accelerated,
        "compared": run.looks_compared,
        "different": run.looks_different,
    }


def _file_json(page: Page, role: str, name: bytes, size: int, sha256: str) -> dict[str, Any]:
    modified = moment(page.modified[role, name])
    return {"path": text(name), "size": size, "sha256": sha256, "modified": modified}
