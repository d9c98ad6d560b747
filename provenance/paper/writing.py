"""The map as files: for TeX, and for all else in JSON (``docs/paper.md``)."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from rpz.packer.atomic import replaced_file
from rpz.provenance.paper.errors import PaperError
from rpz.provenance.paper.model import MadeBy, PaperMap, Result, Shown
from rpz.provenance.publication.citation.bibtex import latex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEX, JSON = "rpz-map.tex", "rpz-map.json"
VERSION = 1
NUMBER = re.compile(r"(?P<sign>-?)(?P<digits>\d+(?:\.\d+)?)(?:[eE](?P<power>[+-]?\d{1,9}))?")
GROUP = 8
"""Digits of a digest between which TeX may break a line."""


def write_map(folder: Path, paper: PaperMap) -> None:
    """Write both files into the manuscript's folder."""
    with replaced_file(folder / JSON) as file:
        file.write(as_json(paper).encode("utf-8", "surrogateescape"))
    with replaced_file(folder / TEX) as file:
        file.write(as_tex(paper).encode("utf-8", "surrogateescape"))


def as_json(paper: PaperMap) -> str:
    """Return the map for programs."""
    tables = asdict(paper)
    return json.dumps({"version": VERSION, **tables}, indent=1, ensure_ascii=False) + "\n"


def read_map(folder: Path) -> PaperMap:
    """Return the map that lies beside a manuscript.

    Raises:
        PaperError: there is none, or it isn't one.

    """
    path = folder / JSON
    try:
        read = json.loads(path.read_bytes())
        if read.pop("version") != VERSION:
            raise PaperError(f"{path} is of another rpz", "Write it anew: rpz latex PACK")
        kinds = {"runs": MadeBy, "files": Shown, "results": Result}
        tables = {t: {k: kind(**v) for k, v in read[t].items()} for t, kind in kinds.items()}
        return PaperMap(**tables)
    except FileNotFoundError:
        raise PaperError(f"There is no {path}", "Write it: rpz latex PACK") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise PaperError(f"{path} is damaged", "Write it anew: rpz latex PACK") from None


def as_tex(paper: PaperMap) -> str:
    """Return the map for ``rpz.sty``, which reads it with ``%`` and ``#`` as plain characters."""
    return "".join(f"{line}\n" for line in _lines(paper))


def _lines(paper: PaperMap) -> Iterator[str]:
    yield rf"\rpz@map{{{VERSION}}}{{Written by rpz latex: change nothing here}}"
    numbers = {run: number for number, run in enumerate(paper.runs, 1)}
    for run in paper.runs.values():
        yield _call("run", numbers[run.id], _plain(run.words), _link(run.link))
        yield _call(
            "about", numbers[run.id], latex(run.label), latex(run.command), latex(run.started),
            latex(run.pack), latex(run.id), _digits(run.sha256),
        )  # fmt: skip
    for file in paper.files.values():
        yield _call("file", file.name, numbers[file.run], file.file, file.md5.upper(), file.sha256)
        yield _call("content", numbers[file.run], latex(file.file), _digits(file.sha256))
    for result in paper.results.values():
        plain = latex(result.value)
        yield _call("value", result.name, result.file, plain, _number(result.value) or plain)


def _call(name: str, *arguments: object) -> str:
    return rf"\rpz@{name}" + "".join(f"{{{argument}}}" for argument in arguments)


def _number(value: str) -> str:
    """Return a number with its minus sign, and its power of ten; empty where it needs neither."""
    found = NUMBER.fullmatch(value)
    if found is None or not (found["sign"] or found["power"]):
        return ""
    power = rf"\times10^{{{int(found['power'])}}}" if found["power"] else ""
    return rf"\ensuremath{{{found['sign']}{found['digits']}{power}}}"


def _plain(text: str) -> str:
    """Return text for an error message: without what would end an argument, or be obeyed."""
    return "".join(c if c not in "\\{}" and c.isprintable() else "?" for c in text)


def _link(link: str) -> str:
    return link.translate({ord("\\"): "%5C", ord("{"): "%7B", ord("}"): "%7D", ord(" "): "%20"})


def _digits(digest: str) -> str:
    parts = (digest[start : start + GROUP] for start in range(0, len(digest), GROUP))
    return r"\allowbreak ".join(parts)
