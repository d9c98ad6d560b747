"""Options that several commands share."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any, TypeVar

import click

from rpz.errors import OWN_FAILURE, TROUBLE, RpzError

Function = TypeVar("Function", bound=Any)

DEFAULT_TRACE_DIR = Path(".rpz-trace")

trace_dir = click.option(
    "-d",
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_TRACE_DIR,
    show_default=True,
    help="The trace folder.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")


def verbosity(function: Function) -> Function:
    """Add ``-v`` and ``-q``."""
    for flags, level, words in (
        (("-v", "--verbose"), logging.DEBUG, "Say more."),
        (("-q", "--quiet"), logging.WARNING, "Say only what went wrong."),
    ):
        function = click.option(
            *flags,
            is_flag=True,
            expose_value=False,
            callback=_set_level(level),
            help=words,
        )(function)
    return function


def _set_level(level: int) -> Any:
    def callback(_ctx: click.Context, _param: click.Parameter, chosen: bool) -> None:
        if chosen:
            logging.getLogger("rpz").setLevel(level)

    return callback


_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(?:([KMGTP])(i?B)?|B)?", re.IGNORECASE)


def size(text: str) -> int:
    """Return a number of bytes: ``500M``, ``2G``, ``1.5GiB``; ``MB`` and the like count by 1000."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is no size; 500M and 2G are.")
    number, letter, kind = found.groups()
    step = 1000 if (kind or "").upper() == "B" else 1024
    power = 1 + "KMGTP".index(letter.upper()) if letter else 0
    return int(float(number) * step**power)


limit_size = click.option(
    "--limit-size",
    "limit",
    type=size,
    metavar="SIZE",
    help="Refuse a pack whose files take more, instead of 200 times its own size (at least 4G).",
)

tries = click.option(
    "--tries",
    type=click.IntRange(1),
    default=6,
    show_default=True,
    help="How often something is tried when the line breaks or the server is busy.",
)
plain_http = click.option(
    "--plain-http", is_flag=True, help="Talk to a registry elsewhere without encryption, too."
)


class StatusCommand(click.Command):
    """A command whose exit status says something else, so that rpz's own failures have another."""

    own_failure = OWN_FAILURE
    """That status: where the experiment's is meant, one that can't be a program's."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; give plain failures the exit status of their own."""
        try:
            return super().invoke(ctx)
        except RpzError as error:
            if error.exit_code == TROUBLE:
                error.exit_code = self.own_failure
            raise
        except OSError as error:
            from rpz.cli import failed_call

            own = failed_call(error)
            own.exit_code = self.own_failure
            raise own from error
