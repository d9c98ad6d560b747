"""What an archive is asked for; a class that does so for each protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rpz.provenance.publication.model import Publication


@dataclass(frozen=True)
class Draft:
    """A record that isn't published: its id at the archive, its DOI (``10.…``), and its page."""

    id: str
    doi: str
    page: str


@dataclass(frozen=True)
class Held:
    """A file that an archive has: its own id of it, and a checksum as ``md5`` and hex digits.

    ``algorithm`` is empty where the file isn't complete.
    """

    id: str
    algorithm: str = ""
    checksum: str = ""


@dataclass(frozen=True)
class Option:
    """What a person may choose for an archive: ``--NAME``."""

    name: str
    help: str
    default: str = ""


class Archive(Protocol):
    """An archive at one address, with a token; nothing is tried twice here.

    All methods raise :class:`~rpz.provenance.web.errors.WebError`.
    """

    def record(self, publication: Publication) -> dict[str, Any]:
        """Return what is told of a publication, in the archive's words."""
        ...

    def missing(self) -> list[str]:
        """Return the names of options that this archive needs and that weren't given."""
        ...

    def create(self, publication: Publication) -> str:
        """Make a draft, and return its id."""
        ...

    def reserve(self, draft_id: str) -> Draft:
        """Return a draft and its DOI, reserved if it wasn't yet."""
        ...

    def is_published(self, draft_id: str) -> bool:
        """Whether what was a draft is published now, here or in a browser."""
        ...

    def update(self, draft: Draft, publication: Publication) -> None:
        """Tell anew all that is known of the publication."""
        ...

    def held(self, draft: Draft) -> dict[str, Held]:
        """Return the files of a draft by their names."""
        ...

    def upload(self, draft: Draft, path: Path, name: str, advance: Callable[[int], None]) -> Held:
        """Send a file that the draft doesn't have, and return what the archive has got."""
        ...

    def remove(self, draft: Draft, name: str, held: Held) -> None:
        """Take a file out of a draft."""
        ...

    def publish(self, draft: Draft) -> None:
        """Publish a draft, for good."""
        ...


@dataclass(frozen=True)
class Service:
    """A row of the table of archives.

    ``url`` is the archive's, empty where there are many; ``variable`` has the token, which is made
    at ``tokens``, a path of the archive; ``scopes`` is what it must allow.
    """

    what: str
    module: str
    url: str
    variable: str
    tokens: str
    scopes: str
    options: tuple[Option, ...] = ()

    @property
    def archive(self) -> Callable[[str, Mapping[str, str], str, str], Archive]:
        """The class: of a URL, options, a token and what it must allow."""
        import importlib

        made: Callable[[str, Mapping[str, str], str, str], Archive]
        made = importlib.import_module(self.module).CLASS
        return made
