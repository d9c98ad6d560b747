"""Licences, by the ids of the SPDX list."""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING

from rpz.provenance.publication.errors import PublicationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from license_expression import Licensing

USUAL = ("CC-BY-4.0", "CC0-1.0", "MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-or-later")
"""What is proposed to who doesn't know; the first two are for data."""


def licence(text: str) -> str:
    """Return an SPDX id, or an expression of such (``MIT AND CC-BY-4.0``), as SPDX spells it.

    Raises:
        PublicationError: SPDX knows no such licence.

    """
    from license_expression import ExpressionError

    spdx = _spdx()
    try:
        parsed = spdx.parse(text.strip(), validate=True)
    except (ExpressionError, AttributeError):  # the latter of an error without a place
        raise _unknown(text, spdx.known_symbols) from None
    if parsed is None:
        raise _unknown(text, spdx.known_symbols)
    return str(parsed)


@cache
def _spdx() -> Licensing:
    """Return the list of SPDX: it takes longer to read than anything that is asked of it."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def _unknown(text: str, known: Iterable[str]) -> PublicationError:
    by_word = {key.lower(): key for key in known if not key.startswith("LicenseRef-")}
    near = difflib.get_close_matches(text.strip().lower().replace(" ", "-"), by_word, n=3)
    names = [by_word[word] for word in near] or list(USUAL)
    return PublicationError(
        f"{text!r} is not a licence that SPDX knows",
        f"Choose an id of https://spdx.org/licenses; {', '.join(names)} are some",
    )
