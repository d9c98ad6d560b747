"""What can go wrong with a deposit, apart from the line."""

from __future__ import annotations

from rpz.errors import RpzError


class DepositError(RpzError):
    """A pack can't be deposited as things are."""
