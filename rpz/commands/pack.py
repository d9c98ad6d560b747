"""``rpz pack``: put what the traced runs need into one file."""

from __future__ import annotations

import logging
import platform
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.closure import tell_closure
from rpz.commands.options import trace_dir, verbosity
from rpz.commands.progress import progress_bar
from rpz.commands.text import counted, shown, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.packer.pack import Report

log = logging.getLogger(__name__)

SHOWN = 5
"""Paths that a list shows before it only counts."""


@click.command(short_help="Put what the runs need in one file.")
@trace_dir
@click.option("--overwrite", is_flag=True, help="Replace TARGET if it exists.")
@click.option("--verify", is_flag=True, help="Run it again in a sandbox, and compare.")
@click.option(
    "--whole-packages/--no-whole-packages",
    default=None,
    help="Pack all files of every package that was used, or none that wasn't used. Without it:"
    " what config.yml says, which is the standard libraries of languages.",
)
@click.argument(
    "target", type=click.Path(path_type=Path, dir_okay=False), default=Path("experiment.rpz")
)
@verbosity
def command(
    folder: Path, target: Path, overwrite: bool, whole_packages: bool | None, verify: bool
) -> None:
    """Pack the traced experiment into TARGET (experiment.rpz).

    What is packed is what config.yml in the trace folder lists: edit it first if you like.
    """
    from rpz.packer.pack import pack, target_path

    with progress_bar("Packing") as progress:
        report = pack(
            folder,
            target_path(target),
            overwrite=overwrite,
            whole_packages=whole_packages,
            extras=_programs(),
            progress=progress,
        )
    _tell(report)
    if verify:
        from rpz.commands.verification import verify_pack

        verify_pack(report.path, folder)


def _programs() -> dict[str, Path]:
    """Return what a container needs to start the runs: who unpacks may be on another system."""
    from rpz.unpackers.init import extension_name, installed_init

    program = installed_init()
    return {extension_name(platform.machine()): program} if program else {}


def _tell(report: Report) -> None:
    from rpz.packer.sizes import human_size

    summary = report.summary
    log.info(
        "Packed %s (%s), %s in %s: %s, %.1f s",
        counted(summary.files, "file"),
        human_size(summary.bytes),
        counted(report.packages, "package"),
        shown_path(report.path),
        human_size(report.size),
        report.seconds,
    )
    _tell_added(report)
    groups: dict[str, list[bytes]] = defaultdict(list)
    for item in report.left_out:
        groups[f"Not packed, {item.reason.value}"].append(item.path)
    for title, paths in sorted(groups.items()):
        _tell_paths(title, paths)
    _tell_paths("Not packed, because config.yml doesn't list it", report.unlisted)
    _tell_paths("Changed by a run after it was read; packed as it is now", report.changed)
    tell_closure(report.closure)
    for pattern in report.idle_patterns:
        log.warning("The pattern %s matches nothing", shown(pattern))
    for warning in report.warnings:
        log.warning("From the trace: %s", shown(warning))


def _tell_added(report: Report) -> None:
    from rpz.packer.sizes import human_size

    expansion = report.expansion
    if expansion.causes:
        counts = Counter(cause.value for cause in expansion.causes.values())
        causes = (f"{cause} {count}" for cause, count in sorted(counts.items()))
        log.info(
            "Of these no run used %s (%s): %s",
            counted(counts.total(), "file"),
            human_size(expansion.size),
            ", ".join(causes),
        )
    if expansion.unknown:
        log.warning(
            "Only the files that were used are packed of %s: what else is in it can't be known"
            " here any more",
            ", ".join(shown(package.name) for package in expansion.unknown),
        )


def _tell_paths(title: str, paths: Iterable[bytes]) -> None:
    listed = list(paths)
    if not listed:
        return
    shown_paths = "".join(f"\n  {shown_path(path)}" for path in listed[:SHOWN])
    more = f"\n  and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    log.warning("%s (%d):%s%s", title, len(listed), shown_paths, more)
