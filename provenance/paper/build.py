"""Make the map of a manuscript: check what it shows, and put beside it what isn't there yet."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from rpz.provenance.paper.errors import PaperError
from rpz.provenance.paper.model import PaperMap, Result, Shown
from rpz.provenance.paper.outputs import stems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rpz.provenance.paper.declared import Declared
    from rpz.provenance.paper.model import MadeBy
    from rpz.provenance.paper.outputs import Output, Outputs
    from rpz.provenance.paper.uses import Uses

    Put = Callable[[Output, Path], bool]

SUFFIXES = (".pdf", ".png", ".jpg", ".jpeg", ".eps")
"""Of figures that LaTeX finds without."""
ODD = frozenset('\\{}%#"\n\r\t')
"""What TeX can't have in a file's name."""
BLOCK = 1 << 20


def built(
    folder: Path, uses: Uses, results: Iterable[Declared], outputs: Outputs, put: Put
) -> PaperMap:
    """Return the map of a manuscript in a folder.

    Args:
        folder: where the manuscript is, and its figures are looked for.
        uses: what it shows.
        results: the values that are declared; all of them are in the map.
        outputs: what runs have left.
        put: brings an output to a place, if it can be had, and says whether.

    Raises:
        PaperError: something shown isn't what a run left, can't be had, or isn't declared.

    """
    maker = _Maker(folder, outputs, put)
    for name in uses.figures:
        maker.shown(name)
    values = {
        said.name: Result(
            said.name, said.value(folder / maker.shown(said.file).file), said.file, said.said
        )
        for said in results
    }
    for name in uses.results:
        if name not in values:
            raise PaperError(
                f"The manuscript shows the result {name}, which isn't declared",
                f"Say where it is: --result {name}=FILE:KIND:WHERE, or in rpz.toml",
            )
    runs = {entry.run: maker.runs[entry.run] for entry in maker.files.values()}
    return PaperMap(runs, maker.files, values)


class _Maker:
    """Finds the files of a map."""

    def __init__(self, folder: Path, outputs: Outputs, put: Put) -> None:
        self._folder = folder
        self._outputs = outputs
        self._put = put
        self.files: dict[str, Shown] = {}
        self.runs: dict[str, MadeBy] = {}

    def shown(self, name: str) -> Shown:
        """Return the file that the manuscript means by a name."""
        if name in self.files:
            return self.files[name]
        _refuse_odd(name)
        file = self._there(name) or self._brought(name)
        size, sha256, md5 = digests(self._folder / file)
        output = self._outputs.with_content(sha256)
        if output is None:
            raise self._changed(file, sha256)
        self.runs[output.run.id] = output.run
        self.files[name] = entry = Shown(name, file, output.run.id, size, sha256, md5)
        return entry

    def _there(self, name: str) -> str | None:
        """Return the file of this name; None: there is none."""
        named = (name + suffix for suffix in ("", *SUFFIXES))
        return next((file for file in named if (self._folder / file).is_file()), None)

    def _brought(self, name: str) -> str:
        """Put an output beside the manuscript, and return its name."""
        if ".." in name.split("/"):
            raise PaperError(
                f"There is no {name}, and nothing is put outside of the manuscript's folder",
                "Put the run's there, or name one in the manuscript's folder",
            )
        found = list(stems(self._outputs, os.fsencode(name), SUFFIXES))
        if not found:
            raise PaperError(f"There is no {name}, and no run wrote one", "Name its pack, too")
        output = found[0]
        if len({other.sha256 for other in found}) > 1:
            runs = " and ".join(other.run.words for other in found)
            raise PaperError(f"{name} is another in {runs}", "Name the one that is meant: PACK:RUN")
        suffix = os.fsdecode(os.path.splitext(output.path)[1])
        file = name if name.endswith(suffix) else name + suffix
        target = self._folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not self._put(output, target):
            raise PaperError(
                f"{file} of {output.run.words} is neither in it nor where it was written",
                "Run the pack (rpz run), take the file (rpz download) and put it there",
            )
        return file

    def _changed(self, file: str, sha256: str) -> PaperError:
        wrote = self._outputs.called(os.fsencode(file))
        if not wrote:
            return PaperError(f"No run that was named wrote {file}", "Name its pack, too")
        return PaperError(
            f"{file} isn't what {wrote[0].run.words} wrote: its SHA-256 is {sha256}, "
            f"not {wrote[0].sha256}",
            "Remove it and the run's is put there; or trace and pack the run that made it",
        )


def _refuse_odd(name: str) -> None:
    if not ODD.isdisjoint(name) or name.startswith("/") or not name.isprintable():
        raise PaperError(
            f"{name!r} can't be a file's name in a manuscript",
            "Give the file a plain name, below the manuscript's folder",
        )


def digests(path: Path) -> tuple[int, str, str]:
    """Return a file's bytes, SHA-256 and MD5.

    Raises:
        OSError: it can't be read.

    """
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            size += len(block)
            sha256.update(block)
            md5.update(block)
    return size, sha256.hexdigest(), md5.hexdigest()
