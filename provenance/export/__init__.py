"""The forms in which runs are given to others: a file each, and a row here."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rpz.provenance.source import Source


@dataclass(frozen=True)
class Form:
    """A form: ``module`` has the function ``text(source)`` that yields what the file holds."""

    module: str
    what: str

    @property
    def text(self) -> Callable[[Source], Iterator[str]]:
        """What makes it; its libraries are imported only now."""
        made: Callable[[Source], Iterator[str]] = importlib.import_module(self.module).text
        return made


FORMS = {
    "prov-json": Form("rpz.provenance.export.prov_json", "W3C PROV, in JSON"),
}
"""By the options of ``rpz export``."""
