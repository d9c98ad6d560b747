"""``rpz info``: what is in a pack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.options import as_json, limit_size, verbosity
from rpz.commands.text import counted, shown, shown_command, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.archive.bulk import Bulk
    from rpz.packer.archive.data import Summary
    from rpz.packer.config.model import Config, InputOutput, Package, Run


@dataclass(frozen=True)
class _Info:
    """What the command reports."""

    path: Path
    size: int
    config: Config
    summary: Summary
    bulk: Bulk
    version: int
    compression: str


@click.command(short_help="Show what is in a pack.")
@as_json
@limit_size
@verbosity
@click.argument("pack", type=click.Path(path_type=Path, exists=True))
def command(pack: Path, as_json: bool, limit: int | None) -> None:
    """Show what is in PACK."""
    from rpz.packer.archive.bulk import bulk
    from rpz.packer.archive.reader import Pack

    with Pack.open(pack, limit) as opened:
        config = opened.config
        size = pack.stat().st_size
        found = bulk(opened.entries(), config)
        info = _Info(
            pack, size, config, opened.summary(), found, opened.version, opened.compression
        )
    if as_json:
        click.echo(json.dumps(_as_json(info), indent=2))
    else:
        for line in _lines(info):
            click.echo(line)


def _lines(info: _Info) -> Iterator[str]:
    from rpz.packer.sizes import human_size

    summary = info.summary
    yield f"{shown_path(info.path)}: {human_size(info.size)}"
    yield (
        f"Holds {counted(summary.files, 'file')} ({human_size(summary.bytes)}), "
        f"{counted(summary.folders, 'folder')}, {counted(summary.links, 'link')}"
    )
    yield f"Pack id: {shown(info.config.pack_id or 'none')}"
    yield f"Format: version {info.version}, {info.compression}"
    for index, run in enumerate(info.config.runs):
        yield from _run_lines(index, run)
    yield from _named_lines("Inputs", [i for i in info.config.inputs_outputs if i.read_by_runs])
    yield from _named_lines("Outputs", [i for i in info.config.inputs_outputs if i.written_by_runs])
    yield from _package_lines(info.config.packages, info.bulk)
    yield from _bulk_lines(info.bulk)


def _run_lines(index: int, run: Run) -> Iterator[str]:
    yield ""
    yield f"Run {index} ({shown(run.id)}): {shown_command(run.argv)}"
    yield f"  folder: {shown_path(bytes(run.workingdir))}"
    yield f"  ended: {_end(run)}"
    yield (
        f"  on: {shown(' '.join(run.distribution))}, {shown(run.architecture)}, "
        f"{shown(' '.join(run.system))}, {shown(run.hostname)}"
    )


def _end(run: Run) -> str:
    if run.signal is not None:
        return f"killed by signal {run.signal}"
    return "not seen" if run.exitcode is None else f"exit status {run.exitcode}"


def _named_lines(title: str, items: list[InputOutput]) -> Iterator[str]:
    if items:
        yield ""
        yield f"{title}:"
    for item in items:
        yield f"  {shown(item.name)}: {shown_path(bytes(item.path))}"


def _package_lines(packages: tuple[Package, ...], bulk: Bulk) -> Iterator[str]:
    from rpz.packer.sizes import human_size

    if packages:
        yield ""
        yield "Packages:"
    for index, package in enumerate(packages):
        note = human_size(bulk.packages[index]) if package.packfiles else "not packed"
        files = counted(len(package.files), "file")
        yield f"  {shown(package.name)} {shown(package.version)} ({files}, {note})"


def _bulk_lines(bulk: Bulk) -> Iterator[str]:
    from rpz.packer.sizes import human_size

    if bulk.largest:
        yield ""
        yield "Largest files:"
    for size, path in bulk.largest:
        yield f"  {human_size(size):>9}  {shown_path(path)}"
    if bulk.packages:
        yield f"In packages: {human_size(sum(bulk.packages))}; others: {human_size(bulk.others)}"


def _as_json(info: _Info) -> dict[str, Any]:
    summary = info.summary
    return {
        "pack": shown_path(info.path),
        "size": info.size,
        "pack_id": info.config.pack_id,
        "files": summary.files,
        "folders": summary.folders,
        "links": summary.links,
        "bytes": summary.bytes,
        "runs": [_run_json(run) for run in info.config.runs],
        "inputs_outputs": [_named_json(item) for item in info.config.inputs_outputs],
        "packages": [
            _package_json(package, size)
            for package, size in zip(info.config.packages, info.bulk.packages, strict=True)
        ],
        "other_bytes": info.bulk.others,
        "largest_files": [{"path": _text(path), "bytes": size} for size, path in info.bulk.largest],
        "format": info.version,
        "compression": info.compression,
    }


def _run_json(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "binary": _text(bytes(run.binary)),
        "argv": list(run.argv),
        "workingdir": _text(bytes(run.workingdir)),
        "exitcode": run.exitcode,
        "signal": run.signal,
        "architecture": run.architecture,
        "distribution": list(run.distribution),
        "hostname": run.hostname,
        "system": list(run.system),
        "uid": run.uid,
        "gid": run.gid,
    }


def _named_json(item: InputOutput) -> dict[str, Any]:
    return {
        "name": item.name,
        "path": _text(bytes(item.path)),
        "read_by_runs": list(item.read_by_runs),
        "written_by_runs": list(item.written_by_runs),
    }


def _package_json(package: Package, packed_bytes: int) -> dict[str, Any]:
    return {
        "name": package.name,
        "version": package.version,
        "size": package.size,
        "packed": package.packfiles,
        "manager": package.manager,
        "purl": package.purl,
        "extent": package.extent.value,
        "files": len(package.files),
        "packed_bytes": packed_bytes,
    }


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
