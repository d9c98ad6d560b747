"""What can be wrong with a signature."""

from __future__ import annotations

from rpz.errors import RpzError


class SignatureError(RpzError):
    """A pack can't be signed, or isn't signed by whom it should be."""

    usual_remedy = "Check it by hand: ssh-keygen -Y verify"
