"""The command line: the table of commands, and errors turned into messages and exit statuses."""

from __future__ import annotations

import errno
import gc
import importlib
import logging
import signal
import sys
from typing import Any

import click

from rpz import __version__
from rpz.commands.text import shown_lines, shown_path
from rpz.errors import RpzError
from rpz.process import Terminated, learn_of_ends, shell_status

COMMANDS = {
    "trace": "rpz.commands.trace",
    "recover": "rpz.commands.recover",
    "combine": "rpz.commands.combine",
    "show": "rpz.commands.show",
    "ps": "rpz.commands.ps",
    "files": "rpz.commands.files",
    "env": "rpz.commands.env",
    "graph": "rpz.commands.graph",
    "export": "rpz.commands.export",
    "note": "rpz.commands.note",
    "diff": "rpz.commands.diff",
    "why": "rpz.commands.why",
    "report": "rpz.commands.report",
    "which": "rpz.commands.which",
    "list": "rpz.commands.list",
    "catalog": "rpz.commands.catalog",
    "pack": "rpz.commands.pack",
    "reset": "rpz.commands.reset",
    "info": "rpz.commands.info",
    "ls": "rpz.commands.ls",
    "check": "rpz.commands.check",
    "meta": "rpz.commands.meta",
    "cite": "rpz.commands.cite",
    "latex": "rpz.commands.latex",
    "sign": "rpz.commands.sign",
    "deposit": "rpz.commands.deposit",
    "push": "rpz.commands.push",
    "pull": "rpz.commands.pull",
    "extract": "rpz.commands.extract",
    "unpack": "rpz.commands.unpack",
    "run": "rpz.commands.run",
    "shell": "rpz.commands.shell",
    "upload": "rpz.commands.upload",
    "download": "rpz.commands.download",
    "replay": "rpz.commands.replay",
    "installpkgs": "rpz.commands.installpkgs",
    "targets": "rpz.commands.targets",
    "suspend": "rpz.commands.suspend",
    "resume": "rpz.commands.resume",
    "destroy": "rpz.commands.destroy",
}
"""One command is one module with a :class:`click.Command` named ``command``.

They are imported only when called, so that ``rpz trace`` never waits for the Docker library.
"""


class Commands(click.Group):
    """The group of all commands, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a user meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rpz")
def rpz() -> None:
    """Trace an experiment, pack it, run it anywhere."""


def main(args: list[str] | None = None) -> None:
    """Run ``rpz`` and end the process with the command's exit status."""
    try:
        _run(args)
    finally:
        gc.freeze()  # else Python looks for cycles in all of it, which goes with the process


def _run(args: list[str] | None) -> None:
    set_up_logging()
    learn_of_ends()
    try:
        status: Any = rpz.main(args=args, prog_name="rpz", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except RpzError as error:
        click.echo(f"rpz: {shown_lines(str(error))}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        sys.exit(_interrupted(error.__cause__ if isinstance(error, click.Abort) else error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        click.echo(f"rpz: {failed_call(error)}", err=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _interrupted(error: BaseException | None) -> int:
    """Say that rpz was interrupted, and return the exit status for that."""
    signum = error.signum if isinstance(error, Terminated) else signal.SIGINT
    click.echo("rpz: Interrupted." if signum == signal.SIGINT else "rpz: Terminated.", err=True)
    return shell_status(-signum)


def describe(error: OSError) -> str:
    """Say in one sentence which call to the system failed, and on what."""
    what = error.strerror or str(error)
    if isinstance(error.filename, (str, bytes)):
        return f"{shown_path(error.filename)}: {what}."
    return f"{what}."


REMEDIES = {
    errno.ENOENT: "Check the name, and that of its folder",
    errno.ENOTDIR: "Choose another place: a part of this path is a file",
    errno.EISDIR: "Name a file: this is a folder",
    errno.EIO: "Choose another place, and look after this disk",
    errno.EMFILE: "Allow more open files: ulimit -n",
    errno.EACCES: "Choose another place, or get the right to use this one",
    errno.EPERM: "Choose another place, or get the right to use this one",
    errno.EROFS: "Choose another place: this one can't be written to",
    errno.ENOSPC: "Make room, or choose another place",
    errno.EDQUOT: "Make room, or choose another place",
    errno.ENAMETOOLONG: "Choose a place whose file system takes longer names",
}
"""What to do when a call to the system fails so."""


def failed_call(error: OSError) -> RpzError:
    """Return the error that tells of a call to the system, and what to do."""
    return RpzError(describe(error).rstrip("."), REMEDIES.get(error.errno or 0, ""))


class _Formatter(logging.Formatter):
    """Shows what a pack may have named so that a terminal doesn't obey it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return shown_lines(super().format(record))


def set_up_logging() -> None:
    """Send what rpz says to standard error; ``-v`` and ``-q`` then choose how much."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("rpz: %(message)s"))
    logger = logging.getLogger("rpz")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
