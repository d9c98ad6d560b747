"""What ``excluded_patterns`` take out of a pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpaths import Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable


class Excludes:
    """The patterns, and what they have taken out so far: everything is told in the end."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Take patterns that the reader of ``config.yml`` has let pass."""
        self._matchers = {pattern: Pattern(pattern) for pattern in patterns}
        self._used: set[str] = set()
        self._taken: dict[bytes, None] = {}

    def take(self, path: bytes) -> bool:
        """Whether a path is not to be packed; it is remembered then."""
        for pattern, matcher in self._matchers.items():
            if matcher.matches(path):
                self._used.add(pattern)
                self._taken[path] = None
                return True
        return False

    @property
    def taken(self) -> tuple[bytes, ...]:
        """What was taken out, sorted."""
        return tuple(sorted(self._taken))

    @property
    def idle(self) -> tuple[str, ...]:
        """The patterns that took out nothing."""
        return tuple(pattern for pattern in self._matchers if pattern not in self._used)
