"""``CITATION.cff`` of the pack (Citation File Format 1.2.0)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.publication.citation.cited import Cited
    from rpz.provenance.publication.model import Author

MESSAGE = "If you use this pack, please cite it as below."

_LICENCE = re.compile(r"(?!LicenseRef-)\S*")
"""The form's schema knows single licences of the SPDX list."""


def document(cited: Cited) -> str:
    """Return the file; it has escapes for what a terminal would not show."""
    text = _dumped(cited, allow_unicode=True)
    is_shown = all(line.isprintable() for line in text.split("\n"))
    return text if is_shown else _dumped(cited, allow_unicode=False)


def _dumped(cited: Cited, *, allow_unicode: bool) -> str:
    import yaml

    fields = _fields(cited)
    return str(yaml.safe_dump(fields, sort_keys=False, allow_unicode=allow_unicode, width=100))


def _fields(cited: Cited) -> dict[str, Any]:
    told = cited.publication
    fields: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": MESSAGE,
        "type": "dataset",
        "title": told.title,
        "authors": [_author(author) for author in dict.fromkeys(told.authors)],
        "abstract": told.description,
        "version": told.version,
        "date-released": told.date,
        "license": told.licence if _LICENCE.fullmatch(told.licence) else "",
        "keywords": list(dict.fromkeys(told.keywords)),
        "doi": told.doi,
        "identifiers": list(_identifiers(cited)),
    }
    return {name: value for name, value in fields.items() if value}


def _author(author: Author) -> dict[str, str]:
    place = "; ".join(place.name for place in author.affiliations)
    name = (
        {"family-names": author.family, "given-names": author.given}
        if author.given
        else {"name": author.family}
    )
    fields = {**name, "orcid": author.url}
    if author.given:  # a group has none there
        fields["affiliation"] = place
    return {key: value for key, value in fields.items() if value}


def _identifiers(cited: Cited) -> Iterator[dict[str, str]]:
    yield _swh(cited.digests.swhid, "The pack")
    yield {
        "type": "other",
        "value": f"sha256:{cited.digests.sha256}",
        "description": "The pack",
    }
    seen = set()
    for tree in cited.code:
        if tree.revision not in seen:
            seen.add(tree.revision)
            yield _swh(tree.revision, "The commit of code that was run")


def _swh(value: str, description: str) -> dict[str, str]:
    return {"type": "swh", "value": value, "description": description}
