"""What can be wrong between a manuscript and the runs that made what it shows."""

from __future__ import annotations

from rpz.errors import RpzError


class PaperError(RpzError):
    """A figure or number of a manuscript isn't what a run made, or can't be found."""
