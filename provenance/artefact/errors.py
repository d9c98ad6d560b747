"""What can go wrong with an artefact, apart from the line."""

from __future__ import annotations

from rpz.errors import RpzError


class ArtefactError(RpzError):
    """A pack can't be brought to a registry, or taken from there."""

    usual_remedy = "Try again later, or another registry"
