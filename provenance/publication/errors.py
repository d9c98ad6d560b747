"""What can be wrong with what people say of a publication."""

from __future__ import annotations

from rpz.errors import RpzError


class PublicationError(RpzError):
    """What is to be published isn't told as it must be."""

    usual_remedy = "Correct it, and try again"
