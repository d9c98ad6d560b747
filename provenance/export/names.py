"""Names for runs, files, packages and people that others can point at."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from rpz.tracer.facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.provenance.files import Content
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.rows import FactRow, RunRow

OWN = "urn:rpz:"
CONTENT = f"{OWN}content:"
"""Before the SHA-256 of a file and its path: what is the same file with the same content."""


def in_url(name: bytes | str) -> str:
    """Return a name with all but letters, digits, ``_.-~`` and ``/`` as ``%`` and hexadecimals."""
    text = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
    return quote(text, safe="/")


def content_name(path: bytes, content: Content) -> str:
    """Return what a file with a content is called behind :data:`CONTENT`."""
    return f"{content.sha256}{in_url(path)}"


class Described:
    """A run, and what is known of it."""

    def __init__(self, database: TraceDatabase, run: RunRow) -> None:
        """Read the run's record."""
        self.run = run
        self.facts: Sequence[FactRow] = facts_of(database, run.id)

    def fact(self, topic: str, name: str) -> str:
        """Return the first of some facts as text; "" where there is none."""
        found = (fact for fact in self.facts if (fact.topic, fact.name) == (topic, name))
        return next((fact.value.decode("utf-8", "backslashreplace") for fact in found), "")

    @property
    def url(self) -> str:
        """What comes before the names of all that only this run has."""
        if number := self.fact("run", "id"):
            return f"urn:uuid:{in_url(number)}#"
        return f"{OWN}run:{in_url(self.run.hostname)}:{self.run.started or self.run.timestamp}#"

    @property
    def person(self) -> tuple[str, str]:
        """Who ran it: the beginning of a URL, and its end; an ORCID if there is one."""
        if orcid := self.fact("who", "orcid").rstrip("/").rpartition("/")[2]:
            return "https://orcid.org/", in_url(orcid)
        user = self.fact("who", "user") or str(self.run.uid)
        return f"{OWN}user:", f"{in_url(self.run.hostname)}/{in_url(user)}"
