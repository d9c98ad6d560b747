"""The map of a manuscript: what it shows, and which runs made that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MadeBy:
    """A run; ``id`` is its UUID, ``link`` where its record or pack is found, if anywhere.

    ``pack`` is the file's name without folders, ``sha256`` the pack's (empty of a trace folder),
    ``started`` in ISO 8601, UTC.
    """

    id: str
    label: str
    pack: str
    sha256: str
    command: str
    started: str
    link: str

    @property
    def words(self) -> str:
        """What an error calls it."""
        return f"run {self.label} of {self.pack} ({self.id})"


@dataclass(frozen=True)
class Shown:
    """A file that the manuscript calls ``name``; ``file`` is its path from the manuscript's folder.

    ``run`` is the id of the run that left this content; ``size`` in bytes. The MD5 is for TeX,
    which knows no SHA-256.
    """

    name: str
    file: str
    run: str
    size: int
    sha256: str
    md5: str


@dataclass(frozen=True)
class Result:
    """A value that the manuscript calls ``name``, as it is to be shown; ``said`` is what was said.

    ``file`` is the name of the file that it is in, one of the map's.
    """

    name: str
    value: str
    file: str
    said: str


@dataclass(frozen=True)
class PaperMap:
    """All of it, by the names."""

    runs: dict[str, MadeBy]
    files: dict[str, Shown]
    results: dict[str, Result]
