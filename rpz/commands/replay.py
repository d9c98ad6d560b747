"""``rpz replay``."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz import unpackers
from rpz.commands.options import StatusCommand, as_json, verbosity
from rpz.commands.text import counted, shown, shown_path
from rpz.errors import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.packer.alike import Tolerance
    from rpz.unpackers.compare import Comparison
    from rpz.unpackers.outcome import Outcome
    from rpz.unpackers.verify import Replayed

log = logging.getLogger(__name__)


@click.command(cls=StatusCommand, short_help="Run PACK again for a while, and compare.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--with",
    "backend",
    metavar="BACKEND",
    default="chroot",
    show_default=True,
    help="What to unpack it with.",
)
@click.option(
    "--compare",
    "rules",
    metavar="[GLOB=]KIND[:LIMIT]",
    multiple=True,
    help="Let outputs differ a little: numbers:1e-9 (a part of each number), image:2 (of 255, each"
    " channel of each pixel); may be repeated.",
)
@click.option(
    "--originals",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder with the recorded outputs, for --compare and diffs.",
)
@as_json
@verbosity
def command(
    pack: Path, backend: str, rules: tuple[str, ...], originals: Path | None, *, as_json: bool
) -> int:
    """Unpack PACK where temporary files are, run all its runs, compare, and remove it again.

    Every output is compared with the digest that was recorded: same, alike (within the tolerance of
    --compare), differs, missing; extra is what was made or changed and wasn't when traced. The exit
    status is 0 if all is as recorded, 1 if it isn't, and 125 if it can't be replayed here.
    """
    from rpz.packer.alike import parsed
    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.outcome import replay_pack

    tolerances: Sequence[Tolerance] = [parsed(rule) for rule in rules]
    with Pack.open(pack) as opened:
        outcome = replay_pack(opened, unpackers.load(backend), tolerances, originals)
    if as_json:
        click.echo(json.dumps(_as_json(outcome), indent=2))
    else:
        for line in _lines(outcome):
            click.echo(line)
    if outcome.is_same:
        return 0
    log.warning("%s does not replay as recorded", shown_path(pack))
    return TROUBLE


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "same": outcome.is_same,
        "runs": [_run_as_json(replayed) for replayed in outcome.runs],
        "extra": [path.decode("utf-8", "surrogateescape") for path in outcome.extra],
        "recorded": outcome.is_recorded,
    }


def _run_as_json(replayed: Replayed) -> dict[str, object]:
    return {
        "id": replayed.run.id,
        "status": replayed.status,
        "recorded_status": replayed.traced,
        "failure": replayed.failure,
        "stderr": replayed.said.decode("utf-8", "surrogateescape"),
        "outputs": [
            {
                "name": item.output.name,
                "path": item.output.path.path.decode("utf-8", "surrogateescape"),
                "verdict": _word(item),
                "size": item.size,
                "recorded_size": item.output.size,
                "recorded_sha256": item.output.sha256,
                "offset": item.offset,
                "line": item.line,
                "diff": list(item.diff),
            }
            for item in replayed.outputs
        ],
    }


def _lines(outcome: Outcome) -> Iterator[str]:
    from rpz.commands.verification import comparison, ending

    for replayed in outcome.runs:
        yield f"{shown(replayed.run.id)}: {ending(replayed)}"
        names = [shown(item.output.name) for item in replayed.outputs]
        width = max(map(len, names), default=0)
        for name, item in zip(names, replayed.outputs, strict=True):
            yield f"  {_word(item):8}  {name:{width}}  {comparison(item).removeprefix('differs: ')}"
            yield from (f"            {shown(line)}" for line in item.diff)
        if not replayed.ended_as_traced:
            said = replayed.said.decode(errors="backslashreplace").splitlines()[-10:]
            yield from (f"  > {shown(line)}" for line in said)
    yield from (f"  {'extra':8}  {shown_path(path)}" for path in outcome.extra)
    if not outcome.is_recorded:
        yield "The pack has no digests of its outputs: only exit statuses were compared"
    elif unknown := outcome.unknown:
        yield f"Of {counted(unknown, 'output')} no digest was recorded"


def _word(item: Comparison) -> str:
    from rpz.unpackers.compare import Verdict

    words = {
        Verdict.SAME: "same",
        Verdict.ALIKE: "alike",
        Verdict.DIFFERS: "differs",
        Verdict.ABSENT: "missing",
        Verdict.UNKNOWN: "unknown",
    }
    return words.get(item.verdict, "differs")
