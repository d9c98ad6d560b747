"""What can go wrong between here and a server."""

from __future__ import annotations

from rpz.errors import RpzError


class WebError(RpzError):
    """A server can't be reached, or refuses what is asked for."""

    usual_remedy = "Try again later, or ask who runs the server"


class AddressError(WebError):
    """An address is none, or one to which no secrets go."""


class RefusedError(WebError):
    """The server has answered, and refuses; ``status`` is HTTP's.

    ``challenge`` is what it wants to know of who asks: ``WWW-Authenticate``.
    """

    def __init__(self, status: int, message: str, remedy: str = "", *, challenge: str = "") -> None:
        """Keep the status."""
        super().__init__(message, remedy)
        self.status = status
        self.challenge = challenge


class TransientError(WebError):
    """It may work in a while: the line was cut, or the server has too much to do.

    ``wait`` is the number of seconds that the server asks for, if it does; ``told`` whether it
    has answered that it did nothing, so that asking again does nothing twice.
    """

    def __init__(
        self, message: str, remedy: str = "", *, wait: float | None = None, told: bool = False
    ) -> None:
        """Keep what the server says."""
        super().__init__(message, remedy)
        self.wait = wait
        self.told = told
