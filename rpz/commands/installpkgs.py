"""``rpz installpkgs``."""

from __future__ import annotations

import json
import logging
import os
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import as_json, verbosity
from rpz.commands.text import counted, shown, shown_command, shown_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.unpackers.hostpackages import Found

log = logging.getLogger(__name__)


@click.command(short_help="Install the pack's packages on this machine.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--summary", is_flag=True, help="Only compare them with this machine's.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@as_json
@verbosity
def command(pack: Path, *, summary: bool, yes: bool, as_json: bool) -> None:
    """Compare the distribution's packages in PACK with this machine's; install the missing ones.

    They are installed with the machine's own package manager, in the version that it has, on a
    distribution of the same family as the one that was traced.
    """
    import distro

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.hostpackages import Presence, compared

    host = [distro.id(), *distro.like().split()]
    with Pack.open(pack) as opened:
        family, found = compared(opened.config, host)
    if as_json:
        click.echo(json.dumps([_row(item) for item in found], indent=2))
    else:
        _print(found)
    missing = [item.package.name for item in found if item.presence is Presence.MISSING]
    if missing and not summary:
        from rpz.unpackers.hostpackages import installation

        _install(installation(family, missing, yes=yes), pack)


def _row(found: Found) -> dict[str, str | None]:
    return {
        "name": found.package.name,
        "state": found.presence.value,
        "version": found.package.version,
        "version_here": found.version,
    }


def _print(found: Sequence[Found]) -> None:
    width = max((len(shown(item.package.name)) for item in found), default=0)
    for item in found:
        here = f", here {shown(item.version)}" if item.version is not None else ""
        same = item.version == item.package.version
        versions = shown(item.package.version) + ("" if same else here)
        click.echo(f"{item.presence.value:13}  {shown(item.package.name):{width}}  {versions}")
    counts = Counter(item.presence.value for item in found)
    words = ", ".join(f"{number} {word}" for word, number in counts.items())
    log.info("%s%s", counted(len(found), "package"), f": {words}" if words else "")


def _install(argv: list[str], pack: Path) -> None:
    from rpz.process import foreground
    from rpz.unpackers.hostpackages import HostPackagesError

    if os.geteuid() != 0:
        raise HostPackagesError(
            "Only root can install packages", f"Run: sudo rpz installpkgs {shlex.quote(str(pack))}"
        )
    log.info("%s", shown_command(argv))
    status = foreground(argv)
    if status != 0:
        raise HostPackagesError(
            f"{argv[0]} failed with status {status}",
            f"See what is missing now: rpz installpkgs --summary {shown_path(pack)}",
        )
