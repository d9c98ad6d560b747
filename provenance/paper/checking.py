"""Check a manuscript's folder against its map, by SHA-256."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.paper.build import digests
from rpz.provenance.paper.declared import declared
from rpz.provenance.paper.errors import PaperError
from rpz.provenance.paper.writing import TEX, as_tex, read_map

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rpz.provenance.paper.model import PaperMap


def troubles(folder: Path) -> Iterator[str]:
    """Yield what isn't as the map says: files, values in them, and the map that TeX reads.

    Raises:
        PaperError: there is no map.

    """
    paper = read_map(folder)
    yield from _of_files(folder, paper)
    yield from _of_results(folder, paper)
    try:
        read = (folder / TEX).read_text("utf-8", "surrogateescape")
    except FileNotFoundError:
        read = ""
    if read != as_tex(paper):
        yield f"{TEX} isn't what rpz latex wrote"


def _of_files(folder: Path, paper: PaperMap) -> Iterator[str]:
    for file in paper.files.values():
        words = paper.runs[file.run].words
        try:
            _, sha256, _ = digests(folder / file.file)
        except FileNotFoundError:
            yield f"{file.file} of {words} isn't there"
            continue
        if sha256 != file.sha256:
            told = f"its SHA-256 is {sha256}, not {file.sha256}"
            yield f"{file.file} isn't what {words} wrote: {told}"


def _of_results(folder: Path, paper: PaperMap) -> Iterator[str]:
    for result in paper.results.values():
        path = folder / paper.files[result.file].file
        try:
            value = declared(result.said).value(path)
        except FileNotFoundError:
            continue  # that was said of the file
        except PaperError as error:
            yield error.message
            continue
        if value != result.value:
            yield f"Result {result.name} is {value} in {result.file}, not {result.value}"
