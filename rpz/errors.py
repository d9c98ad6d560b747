"""What can go wrong, in the user's words.

Library code raises these; only :mod:`rpz.cli` catches them, prints
``rpz: <what happened>. <what to do>.`` and chooses the exit status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TROUBLE = 1
"""Exit status of a command that failed."""
OWN_FAILURE = 125
"""Exit status of ``trace`` and ``run`` when rpz itself failed (as ``env(1)`` has it)."""
NOT_EXECUTABLE = 126
"""Exit status for a program that exists and can't be executed (POSIX shell, 2.8.2)."""
NOT_FOUND = 127
"""Exit status for a program that doesn't exist (POSIX shell, 2.8.2)."""


def first_of(texts: Sequence[str], most: int, comma: str = ", ") -> str:
    """Return texts for a message, ``most`` of them, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return comma.join(texts[:most]) + more


class RpzError(Exception):
    """A failure that the user can understand and mend.

    ``message`` is one sentence on what happened, ``remedy`` one on what to do; neither ends in a
    full stop. ``exit_code`` is the exit status of the command that failed, ``usual_remedy`` what
    helps where nothing better is known.
    """

    exit_code = TROUBLE
    usual_remedy = ""

    def __init__(self, message: str, remedy: str = "") -> None:
        """Keep the two sentences."""
        remedy = remedy or self.usual_remedy
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Return both sentences on one line."""
        sentences = [self.message, self.remedy] if self.remedy else [self.message]
        return " ".join(text if text.endswith("?") else f"{text}." for text in sentences)


class MissingProgramError(RpzError):
    """An external program that rpz needs is not installed."""

    def __init__(self, program: str, package: str) -> None:
        """Name the program and the Debian package that brings it."""
        super().__init__(
            f"The program {program} is not installed",
            f"Install it (on Debian and Ubuntu: apt-get install {package})",
        )


class CommandFailedError(RpzError):
    """An external program that rpz needs ended with a failure."""
