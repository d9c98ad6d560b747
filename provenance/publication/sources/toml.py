"""``rpz.toml``: the table ``publication``, with the fields of the stored document."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rpz.provenance.publication.document import publication_of_document
from rpz.provenance.publication.errors import PublicationError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from rpz.provenance.publication.model import Publication


def read(data: bytes, where: str) -> Publication:
    """Return what the file says.

    Raises:
        PublicationError: it isn't TOML, or a field is wrong.

    """
    try:
        table = tomllib.loads(data.decode()).get("publication", {})
    except (ValueError, RecursionError) as error:
        raise PublicationError(f"{where} is not TOML: {error}", "Mend it") from None
    if not isinstance(table, dict):
        raise PublicationError(f"{where}: publication is not a table", "Begin it [publication]")
    return publication_of_document(table, where)
