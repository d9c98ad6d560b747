"""Names of which each may be in a file only once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.packer.table import Table

if TYPE_CHECKING:
    from rpz.packer.config.compose import Node
    from rpz.packer.config.faults import ConfigError
    from rpz.packer.config.nodes import Source


class Unique:
    """Remembers the lines of names, and the first name that comes again."""

    def __init__(self, source: Source, what: str) -> None:
        """Say in a message ``what`` it is that may not come again."""
        self._source = source
        self._what = what
        self._lines: Table[int] = Table()
        self._error: ConfigError | None = None

    def add(self, name: str, node: Node) -> None:
        """Take in a name that stands in a node."""
        if self._error is not None or self._lines.add(name.encode(*ENCODING), node.line):
            return
        line = self._lines[name.encode(*ENCODING)] + 1
        self._error = self._source.wrong(
            node, f"expected another {self._what}, found {name!r}, which is in line {line}, too"
        )

    def check(self) -> None:
        """Raise the error that says of the first name where it was before."""
        if self._error is not None:
            raise self._error


ENCODING = "utf-8", "surrogatepass"
