"""What is cited: a publication, and what is known of the file itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rpz.provenance.publication.errors import PublicationError

if TYPE_CHECKING:
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.publication.swhid import Code, Digests

NANOSECONDS = 10**9


@dataclass(frozen=True)
class Cited:
    """A publication that has at least a title and an author, and identifiers of the pack.

    ``date`` is that of publication; where none is told, the day of the last run (UTC).
    """

    publication: Publication
    digests: Digests
    date: str
    code: tuple[Code, ...] = ()

    @property
    def year(self) -> str:
        """The year, four digits."""
        return self.date[:4]


def cited(
    publication: Publication, digests: Digests, last: int, code: tuple[Code, ...] = ()
) -> Cited:
    """Return what can be cited; ``last`` is when the last run ended, in nanoseconds since 1970.

    Raises:
        PublicationError: there is no title, or no author.

    """
    missing = [name for name in ("title", "authors") if not getattr(publication, name)]
    if missing:
        raise PublicationError(
            f"It can't be cited: nothing is told of its {' and '.join(missing)}",
            "Say it: rpz meta --title TEXT --author 'Family, Given'",
        )
    ran = datetime.fromtimestamp(last / NANOSECONDS, timezone.utc).date().isoformat()
    return Cited(publication, digests, publication.date or ran, code)
