"""``rpz run``."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import StatusCommand, verbosity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.unpackers import Unpacker
    from rpz.unpackers.adjust import Variables
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

OTHER = "rpz.commands.run.other"
"""Where the context keeps what follows ``--``; None: there is no ``--``."""


_FIRST_TO = re.compile(r"-\d{1,9}(,.*)?\Z", re.ASCII)
"""The runs up to one, as ``-2``: matched from a word's beginning, where it looks like an option."""


class RunCommand(StatusCommand):
    """Takes what follows ``--`` for another command."""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Add the other command."""
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set the other command aside."""
        ctx.meta[OTHER] = None
        if "--" in args:
            place = args.index("--")
            args, ctx.meta[OTHER] = args[:place], args[place + 1 :]
            if not ctx.meta[OTHER]:
                raise click.UsageError("A command must follow --.", ctx)
        return super().parse_args(ctx, [f"0{arg}" if _FIRST_TO.match(arg) else arg for arg in args])


def _patterns(
    _ctx: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> list[re.Pattern[str]]:
    try:
        return [re.compile(text) for text in texts]
    except re.error as error:
        raise click.BadParameter(f"{error}.") from None


def _settings(_ctx: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> list[str]:
    if any(text.startswith("=") or not text for text in texts):
        raise click.BadParameter("A variable has a name: NAME=VALUE.")
    return [os.fsencode(text).decode("utf-8", "surrogateescape") for text in texts]


set_env = click.option(
    "--set-env",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_settings,
    help="Give the runs this variable; NAME alone takes it away (may be repeated).",
)
pass_env = click.option(
    "--pass-env",
    "passed",
    metavar="REGEX",
    multiple=True,
    callback=_patterns,
    help="Pass on your variables whose whole names match (may be repeated).",
)
network = click.option("--network", is_flag=True, help="Let the runs use this machine's network.")


@click.command(cls=RunCommand, short_help="Run the experiment again.")
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@set_env
@pass_env
@click.option(
    "--input",
    "inputs",
    metavar="NAME=FILE",
    multiple=True,
    help="Give the runs FILE as the input NAME, this time only (may be repeated).",
)
@network
@verbosity
@click.pass_context
def command(
    ctx: click.Context,
    target: Path,
    runs: tuple[str, ...],
    settings: tuple[str, ...],
    passed: tuple[re.Pattern[str], ...],
    inputs: tuple[str, ...],
    network: bool,
) -> int:
    """Run the experiment in TARGET again: each RUN, or all of them in order.

    RUN is an index or id, a range (0-2, 1-), or several with commas. With COMMAND, that is executed
    in their place: in the folder, with the environment and as the user of RUN (of the first, if
    none is named).

    The exit status is that of the last program: its own, or 128 + N when signal N killed it; 125
    when rpz fails, 126 and 127 when the program can't be executed or found. A run that ends
    otherwise than it did when it was traced is told.
    """
    from rpz.commands.found import found
    from rpz.unpackers.adjust import variables
    from rpz.unpackers.replay import replay
    from rpz.unpackers.selection import chosen

    state, unpacker = found(target)
    changes = variables(settings, passed)
    indices = chosen(state.runs, runs)
    other = ctx.meta[OTHER]
    if other is not None and len(runs) and len(indices) > 1:
        raise click.UsageError("A command is executed as one run is: name one RUN.")
    with _inputs(unpacker, state, inputs):
        if other is not None:
            job = _other_job(unpacker, state, indices[0], other, changes, network=network)
            return unpacker.run(state, job)
        jobs = [_job(state, index, changes, network=network) for index in indices]
        return replay(unpacker, state, jobs)


@contextlib.contextmanager
def _inputs(unpacker: Unpacker, target: Target, texts: Sequence[str]) -> Iterator[None]:
    """Give the target other inputs inside the context."""
    if not texts:  # what it takes is not even loaded: a run starts the faster
        yield
        return
    from rpz.unpackers import files
    from rpz.unpackers.inputs import lent

    with lent(unpacker, target, [files.parse(target, text, "=") for text in texts]):
        yield


def _job(target: Target, index: int, changes: Variables, *, network: bool) -> Job:
    from rpz.unpackers.job import Job

    return Job(index, changes.applied(target.runs[index]), network=network)


def _other_job(
    unpacker: Unpacker,
    target: Target,
    index: int,
    argv: list[str],
    changes: Variables,
    *,
    network: bool,
) -> Job:
    from rpz.unpackers.adjust import other_command
    from rpz.unpackers.job import Job

    words = [os.fsencode(word).decode("utf-8", "surrogateescape") for word in argv]
    run = other_command(unpacker, target, changes.applied(target.runs[index]), words)
    return Job(index, run, network=network)
