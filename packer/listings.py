"""The names that were in the folders which the runs listed, and that were there before the runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rpz.tracer.fields import items_of

if TYPE_CHECKING:
    from rpz.packer.tree import Content, Tree
    from rpz.tracer.rows import ListingRow

MAX_NAMES = 10_000
"""In one folder: a greater one is a data base of its own."""
MAX_TOTAL = 100_000
"""In all folders: a search through a whole machine would fill the pack with names."""


@dataclass
class Listings:
    """What was listed, by the path that it had before the first run, with its type's letter.

    ``used`` is what a run has done more with than to list it; ``left`` are the folders whose names
    are too many, with their number.
    """

    letters: dict[bytes, str] = field(default_factory=dict)
    used: dict[bytes, Content] = field(default_factory=dict)
    left: dict[bytes, int] = field(default_factory=dict)
    max_names: int = MAX_NAMES
    max_total: int = MAX_TOTAL

    def tell(self, tree: Tree, row: ListingRow) -> None:
        """Take in a listing, as the names are at this point of the trace."""
        count = row.entries.count(b"\0")
        if count > self.max_names or len(self.letters) + count > self.max_total:
            self.left[row.name] = count
            return
        entries = items_of(row.entries)
        letters = {entry[1:]: chr(entry[0]) for entry in entries if len(entry) > 1}
        for name, origin in tree.origins(row.name, letters):
            if origin is not None:  # else a run has made it, and will again
                self.letters.setdefault(origin, letters[name])

    def finish(self, tree: Tree) -> None:
        """Take in what became of what was listed."""
        for content in tree.contents:
            if content.origin is not None and content.origin in self.letters:
                self.used[content.origin] = content
