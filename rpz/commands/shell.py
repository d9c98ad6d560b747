"""``rpz shell``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import StatusCommand, verbosity
from rpz.commands.run import network, pass_env, set_env

if TYPE_CHECKING:
    import re


@click.command(cls=StatusCommand, short_help="Look around in TARGET with a shell.")
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("run", required=False)
@set_env
@pass_env
@network
@verbosity
def command(
    target: Path,
    run: str | None,
    settings: tuple[str, ...],
    passed: tuple[re.Pattern[str], ...],
    *,
    network: bool,
) -> int:
    """Start the experiment's own shell in TARGET: in the folder, with the environment and as the
    user of RUN (the first).

    The exit status is the shell's; 125 when rpz fails.
    """  # noqa: D205 (click joins the lines)
    from rpz.commands.found import found
    from rpz.unpackers.adjust import variables
    from rpz.unpackers.job import Job
    from rpz.unpackers.selection import chosen
    from rpz.unpackers.shells import shell

    state, unpacker = found(target)
    indices = chosen(state.runs, [run] if run else ["0"])
    terminal = [f"TERM={os.environ['TERM']}"] if os.environ.get("TERM") else []
    wanted = variables([*terminal, *settings], passed).applied(state.runs[indices[0]])
    return unpacker.run(state, Job(indices[0], shell(unpacker, state, wanted), network=network))
