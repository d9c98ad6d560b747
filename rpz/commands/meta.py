"""``rpz meta``: who made the runs, under which licence, beside which paper."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rpz.commands.asking import ask
from rpz.commands.options import DEFAULT_TRACE_DIR, as_json, verbosity
from rpz.commands.text import shown, shown_lines, shown_path
from rpz.provenance.publication.fields import FIELDS, edited, filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rpz.commands.options import Function
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.publication.proposals import Proposals
    from rpz.provenance.publication.swhid import Code, Digests

log = logging.getLogger(__name__)

HELP = {
    "authors": "An author: 'Family, Given <ORCID> (Affiliation; ROR)'",
    "licence": "The licence: an id of SPDX, or an expression of such",
    "funding": "Who paid: 'Funder; ROR: award'",
    "related": "The DOI of the paper, or of something else: 'Relation DOI'",
    "version": "The version of what is published",
    "date": "The date of publication, as 2026-11-22",
    "publisher": "The archive that keeps it",
    "doi": "The DOI of the pack itself",
}
"""What is said of the options that aren't plain."""


def _edits(function: Function) -> Function:
    """Add an option for each field, and ``--clear``."""
    for field in reversed(FIELDS):
        names = [f"--{field.one}"] + (["--license"] if field.name == "licence" else [])
        more = " (may be repeated; all that were told before go)" if field.many else ""
        function = click.option(
            *names,
            field.name,
            multiple=field.many,
            metavar="TEXT",
            help=f"{HELP.get(field.name, f'The {field.one}')}{more}.",
        )(function)
    return function


@dataclass(frozen=True)
class _Ids:
    """What identifies a pack, the code that was run, and folders as they are packed."""

    pack: Digests | None
    code: list[Code]
    folders: dict[str, str]


@click.command(short_help="Show or say who made it, under which licence.")
@_edits
@click.option(
    "--clear",
    type=click.Choice([field.name for field in FIELDS]),
    multiple=True,
    help="Say nothing of this any more (may be repeated).",
)
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take all that this file says: rpz.toml, CITATION.cff, codemeta.json, publication.json.",
)
@click.option("--defaults", is_flag=True, help="Take what is proposed for what is not told yet.")
@click.option("--show", is_flag=True, help="Ask nothing, on a terminal either.")
@click.option("--ids", is_flag=True, help="Show SHA-256 and SWHID of the pack, and of the code.")
@click.option(
    "--folder",
    "folders",
    multiple=True,
    metavar="PATH",
    help="Show the SWHID of what a pack holds of this folder, too (may be repeated).",
)
@as_json
@click.argument(
    "source",
    metavar="[TRACE|PACK]",
    type=click.Path(path_type=Path, exists=True),
    default=DEFAULT_TRACE_DIR,
)
@verbosity
def command(
    source: Path,
    clear: tuple[str, ...],
    file: Path | None,
    defaults: bool,
    show: bool,
    ids: bool,
    folders: tuple[str, ...],
    as_json: bool,
    **told: Any,
) -> None:
    """Show and say what a publication needs to know of a trace or a pack.

    Without options, on a terminal, it asks for everything, and proposes what rpz.toml, CITATION.cff
    or codemeta.json beside the code and the run's record say. With options it asks nothing.
    """
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.publication.proposals import Proposals, proposals
    from rpz.provenance.publication.sources import read_file
    from rpz.provenance.publication.storage import read_publication
    from rpz.provenance.publication.swhid import code_of
    from rpz.provenance.source import SourceError, opened

    proposed, code, ids = Proposals(Publication(), {}), [], ids or bool(folders)
    before = read_publication(source)
    now = filled(read_file(file), before) if file else before
    now = edited(now, {**dict.fromkeys(clear, ()), **_lines(told)})
    with contextlib.suppress(SourceError), opened(str(source)) as runs:  # ReproZip's, say
        proposed = proposals(runs)
        code = code_of(runs) if ids else []
    if defaults:
        now = filled(now, proposed.publication)
    asks = not (show or ids or as_json or defaults or file or clear or any(told.values()))
    if asks and sys.stdin.isatty() and sys.stdout.isatty():
        now = ask(now, proposed)
    if now != before:
        _store(source, now)
    found = _Ids(_digests(source), code, _folders(source, folders)) if ids else None
    _show(source, now, proposed, found, as_json=as_json)


def _lines(told: dict[str, Any]) -> dict[str, Sequence[str]]:
    given = {name: value for name, value in told.items() if value}
    return {name: value if isinstance(value, tuple) else (value,) for name, value in given.items()}


def _store(source: Path, publication: Publication) -> None:
    from rpz.provenance.publication.storage import write_publication

    write_publication(source, publication)
    log.info("Written to %s", shown_path(source))
    signature = source.with_name(f"{source.name}.sig")
    if source.is_file() and signature.exists():
        log.warning(
            "%s is of the pack as it was: sign it again: rpz sign --overwrite %s",
            shown_path(signature),
            shown(shlex.quote(str(source))),
        )


def _digests(source: Path) -> Digests | None:
    from rpz.provenance.publication.swhid import digests_of

    return digests_of(source) if source.is_file() else None


def _folders(source: Path, folders: Iterable[str]) -> dict[str, str]:
    from rpz.packer.archive.reader import Pack
    from rpz.provenance.publication.trees import folder_swhid

    if not folders:
        return {}
    if source.is_dir():
        raise click.UsageError("--folder is of a pack: a trace has no copy of the files.")
    with Pack.open(source) as pack:
        return {folder: folder_swhid(pack, os.fsencode(folder)) for folder in folders}


def _show(
    source: Path,
    publication: Publication,
    proposed: Proposals,
    ids: _Ids | None,
    *,
    as_json: bool,
) -> None:
    if as_json:
        click.echo(json.dumps(_as_json(source, publication, proposed, ids), indent=2))
        return
    for line in (*_told(publication), *_missing(publication, proposed), *_ids(ids)):
        click.echo(line)


def _told(publication: Publication) -> Iterator[str]:
    for field in FIELDS:
        lines = field.lines(publication)
        if len(lines) == 1:
            yield f"{field.name}: {shown_lines(lines[0])}"
        elif lines:
            yield f"{field.name}:"
            yield from (f"  {shown(line)}" for line in lines)


def _missing(publication: Publication, proposed: Proposals) -> Iterator[str]:
    empty = [field for field in FIELDS if not getattr(publication, field.name)]
    for field in empty:
        if lines := field.lines(proposed.publication):
            value = shown("; ".join(lines))
            origin = shown(proposed.origins[field.name])
            yield f"{field.name}: not told; {origin} says: {value}"
    if others := [f.name for f in empty if not f.lines(proposed.publication)]:
        yield f"Not told: {', '.join(others)}"


def _ids(ids: _Ids | None) -> Iterator[str]:
    if ids is None:
        return
    if ids.pack:
        yield f"SHA-256: {ids.pack.sha256}"
        yield f"SWHID: {ids.pack.swhid}"
    yield from (f"{shown_path(path)}, as packed: {swhid}" for path, swhid in ids.folders.items())
    for tree in ids.code:
        note = " (changed since: what was run is not that alone)" if tree.changed else ""
        names = " ".join(filter(None, (tree.revision, tree.directory)))
        yield f"{shown_path(tree.root)}: {names}{note}"


def _as_json(
    source: Path,
    publication: Publication,
    proposed: Proposals,
    ids: _Ids | None,
) -> dict[str, Any]:
    from rpz.provenance.publication.document import document_of

    page: dict[str, Any] = {
        "source": shown_path(source),
        "publication": document_of(publication),
        "proposed": document_of(proposed.publication),
        "proposed_by": proposed.origins,
    }
    if ids is None:
        return page
    told: dict[str, Any] = {"code": [_code_json(tree) for tree in ids.code]}
    if ids.folders:
        told["folders"] = ids.folders
    if ids.pack:
        told |= {"sha256": ids.pack.sha256, "swhid": ids.pack.swhid}
    return page | {"identifiers": told}


def _code_json(tree: Code) -> dict[str, Any]:
    return {
        "path": tree.root.decode("utf-8", "surrogateescape"),
        "revision": tree.revision,
        "directory": tree.directory or None,
        "changed": tree.changed,
    }
