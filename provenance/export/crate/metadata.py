"""The graph of ``ro-crate-metadata.json``, as it grows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rocrate.model import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "1.1"
"""Of RO-Crate: what version 0.5 of the profile extends."""
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run#"
NAMES = ("containerImage", "ContainerImage", "environment", "registry", "resourceUsage", "sha256",
         "tag")  # fmt: skip
"""What the profile adds to the words of RO-Crate 1.1."""

Reference = dict[str, str]
"""``{"@id": …}``."""


class Metadata:
    """Entities by their identifiers, each described once."""

    def __init__(self) -> None:
        """Begin with the root and the profile."""
        self._crate = ROCrate(version=VERSION)
        self._crate.metadata.extra_terms.update({name: TERMS + name for name in NAMES})
        profile = self.add(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
        self.root(conformsTo=profile)

    def root(self, **said: Any) -> None:
        """Say something of the whole; what is empty isn't said."""
        for name, value in _filled(said).items():
            self._crate.root_dataset[name] = value

    def add(self, entity: str, kind: str, /, **said: Any) -> Reference:
        """Describe something, unless it is already; what is empty isn't said."""
        if entity not in self._crate:
            properties = {"@type": kind, **_filled(said)}
            return {"@id": self._crate.add(ContextEntity(self._crate, entity, properties)).id}
        return {"@id": entity}

    def add_file(self, folder: Path, path: str, **said: Any) -> Reference:
        """Describe a file of the folder, and make it a part of the whole."""
        size = (folder / path).stat().st_size
        said = {"name": path, "contentSize": str(size), **_filled(said)}
        return {"@id": self._crate.add(File(self._crate, None, path, properties=said)).id}

    def graph(self) -> list[dict[str, Any]]:
        """Return all entities."""
        found: list[dict[str, Any]] = self._crate.metadata.generate()["@graph"]
        return found

    def text(self) -> str:
        """Return the file."""
        return json.dumps(self._crate.metadata.generate(), indent=1, sort_keys=True) + "\n"


def _filled(said: dict[str, Any]) -> dict[str, Any]:
    """Return what isn't empty; a list of one as this one alone, which the profile wants."""
    given = {name: value for name, value in said.items() if value not in (None, "", [], ())}
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in given.items()
    }
