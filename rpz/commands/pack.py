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
from rpz.packer.archive.codecs import CODECS, GZIP
from rpz.process import termination_as_interrupt
from rpz.tracer.folder import TraceFolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.packer.pack import Report
    from rpz.packer.placeholders import Placeholders
    from rpz.packer.secrets.report import SecretsReport

log = logging.getLogger(__name__)

SHOWN = 5
"""Paths that a list shows before it only counts."""


@click.command(short_help="Put what the runs need in one file.")
@trace_dir
@click.option(
    "--compression",
    type=click.Choice(list(CODECS)),
    default=GZIP.key,
    show_default=True,
    help="How the files are compressed; ReproZip reads gzip only.",
)
@click.option("--overwrite", is_flag=True, help="Replace TARGET if it exists.")
@click.option(
    "--leave-out-missing", is_flag=True, help="Pack without what is listed and can't be read."
)
@click.option(
    "--allow-changed",
    is_flag=True,
    help="Pack files that were changed since the trace, as they are now.",
)
@click.option(
    "--placeholders/--no-placeholders",
    default=True,
    show_default=True,
    help="Give names in listed folders that were never opened an empty stand-in.",
)
@click.option(
    "--keep-secret",
    "keep_secrets",
    metavar="NAME",
    multiple=True,
    help="Pack the value of NAME, though it looks like a secret (may be repeated).",
)
@click.option(
    "--whole-packages/--no-whole-packages",
    default=None,
    help="Pack all files of every package that was used, or none that wasn't used. Without it:"
    " what config.yml says, which is the standard libraries of languages.",
)
@click.option("--verify", is_flag=True, help="Run it again in a sandbox, and compare.")
@click.argument(
    "target", type=click.Path(path_type=Path, dir_okay=False), default=Path("experiment.rpz")
)
@verbosity
def command(
    folder: Path,
    target: Path,
    compression: str,
    overwrite: bool,
    leave_out_missing: bool,
    allow_changed: bool,
    placeholders: bool,
    whole_packages: bool | None,
    keep_secrets: tuple[str, ...],
    verify: bool,
) -> None:
    """Pack the traced experiment into TARGET (experiment.rpz).

    What is packed is what config.yml in the trace folder lists: edit it first if you like.
    """
    from rpz.packer.pack import pack, target_path

    _check_publication(folder)
    with termination_as_interrupt(), progress_bar("Packing") as progress:
        report = pack(
            folder,
            target_path(target),
            overwrite=overwrite,
            leave_out_missing=leave_out_missing,
            allow_changed=allow_changed,
            placeholders=placeholders,
            keep_secrets=keep_secrets,
            whole_packages=whole_packages,
            extras=_programs(),
            codec=CODECS[compression],
            progress=progress,
        )
    _tell(report)
    if not CODECS[compression].for_reprozip:
        log.info("ReproZip can't read this pack: it knows gzip only")
    if verify:
        from rpz.commands.verification import verify_pack

        verify_pack(report.path, folder)


def _check_publication(folder: Path) -> None:
    """Refuse what is wrong in it before it is packed."""
    if TraceFolder(folder).publication.exists():
        from rpz.provenance.publication.storage import read_publication

        read_publication(folder)


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
        note = f" ({item.why})".encode() if item.why else b""
        groups[f"Not packed, {item.reason.value}"].append(item.path + note)
    for title, paths in sorted(groups.items()):
        _tell_paths(title, paths)
    _tell_paths("Not packed, because config.yml leaves it out", report.unlisted)
    _tell_paths("Not packed, because config.yml excludes it", report.excluded)
    _tell_paths(
        "Names that differ by case only, of which macOS and Windows keep one",
        (b" and ".join(pair) for pair in report.clashes),
    )
    _tell_paths("Changed by a run after it was read; packed as it is now", report.changed)
    found = report.changed_since
    _tell_paths("Changed since the runs were traced; packed as it is now", found.since)
    _tell_paths("An earlier run has read something else than what is packed", found.between)
    _tell_secrets(report.secrets)
    _tell_placeholders(report.placeholders)
    tell_closure(report.closure)
    for pattern in report.idle_patterns:
        log.warning("The pattern %s matches nothing", shown(pattern))
    for warning in report.warnings:
        log.warning("From the trace: %s", shown(warning))


def _tell_placeholders(placeholders: Placeholders) -> None:
    made = counted(len(placeholders.made), "empty placeholder")
    if placeholders.made:
        log.info("Among them %s: listed, never opened (--no-placeholders leaves them out)", made)
    folders = [path + b" (%d names)" % count for path, count in placeholders.left]
    _tell_paths("Listed folders with too many names to pack them all", folders)
    title = "Names in listed folders that can't be packed: sockets, devices, pipes, lost links"
    _tell_paths(title, placeholders.lost, level=logging.INFO)


def _tell_secrets(secrets: SecretsReport) -> None:
    for name in secrets.idle:
        log.warning("There is no secret %s to keep", shown(name))
    if secrets.withheld:
        names = ", ".join(map(shown, secrets.withheld))
        log.warning(
            "Withheld, because they look like secrets: %s (--keep-secret NAME keeps one)", names
        )
    if secrets.exposed:
        names = ", ".join(map(shown, secrets.exposed))
        log.warning("Secrets that are in the pack, as a part of paths or other words: %s", names)
    files = [path + b": " + ", ".join(names).encode() for path, names in secrets.files]
    _tell_paths("Packed files that hold what was withheld", files)


def _tell_added(report: Report) -> None:
    from rpz.packer.sizes import human_size

    expansion = report.expansion
    if expansion.causes:
        counts = Counter(cause.value for cause in expansion.causes.values())
        causes = (f"{cause} {count}" for cause, count in sorted(counts.items()))
        log.info(
            "%d files and links of these (%s) no run used: %s",
            counts.total(),
            human_size(expansion.size),
            ", ".join(causes),
        )
    if expansion.unknown:
        log.warning(
            "Only the files that were used are packed of %s: what else is in it can't be known"
            " here any more",
            ", ".join(shown(package.name) for package in expansion.unknown),
        )


def _tell_paths(title: str, paths: Iterable[bytes], level: int = logging.WARNING) -> None:
    listed = list(paths)
    if not listed:
        return
    shown_paths = "".join(f"\n  {shown_path(path)}" for path in listed[:SHOWN])
    more = f"\n  and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    log.log(level, "%s (%d):%s%s", title, len(listed), shown_paths, more)
