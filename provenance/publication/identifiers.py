"""Identifiers of people, organizations and publications: checked, and brought into one form.

Each is returned bare, as the registries print it; it may be given as a link.
"""

from __future__ import annotations

import re
from datetime import date

from rpz.provenance.publication.errors import PublicationError

_LINK = re.compile(
    r"^(?:https?://)?(?:www\.)?(?:orcid\.org|ror\.org|(?:dx\.)?doi\.org)/", re.IGNORECASE
)
_ORCID = re.compile(r"\d{4}-?\d{4}-?\d{4}-?\d{3}[\dX]")
_ROR = re.compile(r"0[0-9a-hjkmnp-tv-z]{6}\d\d")
"""A 0, six digits of Crockford's base 32, two of a check-sum: ror.org, "ROR identifier pattern"."""
_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+")
"""The form that Crossref gives for practically all DOIs; all others are a registrar's test."""
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"


def orcid(text: str) -> str:
    """Return an ORCID as ``0000-0002-1825-0097``.

    Raises:
        PublicationError: it has another form, or its check digit (ISO 7064 MOD 11-2) is wrong.

    """
    from stdnum.iso7064 import mod_11_2

    bare = _bare(text).upper()
    if not _ORCID.fullmatch(bare):
        raise PublicationError(
            f"{text!r} is not an ORCID", "One has the form 0000-0002-1825-0097: look at orcid.org"
        )
    digits = bare.replace("-", "")
    if not mod_11_2.is_valid(digits):
        raise _mistyped("ORCID", text, "orcid.org")
    return "-".join(digits[place : place + 4] for place in range(0, 16, 4))


def ror(text: str) -> str:
    """Return an id of the Research Organization Registry as ``02feahw73``.

    Raises:
        PublicationError: it has another form, or its check-sum (ISO 7064 MOD 97-10) is wrong.

    """
    from stdnum.iso7064 import mod_97_10

    bare = _bare(text).lower()
    if not _ROR.fullmatch(bare):
        raise PublicationError(
            f"{text!r} is not a ROR id", "One has the form 02feahw73: look at ror.org"
        )
    number = 0
    for digit in bare[:-2]:
        number = number * len(_BASE32) + _BASE32.index(digit)
    if not mod_97_10.is_valid(f"{number}{bare[-2:]}"):
        raise _mistyped("ROR id", text, "ror.org")
    return bare


def doi(text: str) -> str:
    """Return a DOI as ``10.5281/zenodo.1234567``.

    Raises:
        PublicationError: it has another form.

    """
    bare = re.sub(r"^doi:\s*", "", _bare(text), flags=re.IGNORECASE)
    if not _DOI.fullmatch(bare):
        raise PublicationError(f"{text!r} is not a DOI", "One has the form 10.5281/zenodo.1234567")
    return bare


def day(text: str) -> str:
    """Return a date as ``2026-11-22``.

    Raises:
        PublicationError: it has another form, or there is no such day.

    """
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise PublicationError(
            f"{text!r} is not a date", "One has the form 2026-11-22 (year, month, day)"
        ) from None


def _bare(text: str) -> str:
    return _LINK.sub("", text.strip())


def _mistyped(what: str, text: str, where: str) -> PublicationError:
    return PublicationError(
        f"{text!r} is mistyped: it is no {what}, its check digits are wrong",
        f"Copy it from {where}",
    )
