"""Asking again, after a while."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rpz.provenance.web.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
    """How often something is tried, and how long is waited after the first time, in seconds.

    The pause doubles each time; where the server says how long, that holds, up to ``longest``.
    """

    tries: int = 6
    pause: float = 1.0
    longest: float = 600.0

    def until_done(self, action: Callable[[], Answer]) -> Answer:
        """Do something until it works.

        Raises:
            TransientError: it hasn't, however often it was tried.

        """
        return self._tried(action, twice=True)

    def unless_begun(self, action: Callable[[], Answer]) -> Answer:
        """Do something that must not be done twice: again only if the server has told it didn't.

        Raises:
            TransientError: it is not known whether it was done; or it never worked.

        """
        return self._tried(action, twice=False)

    def _tried(self, action: Callable[[], Answer], *, twice: bool) -> Answer:
        for number in range(1, self.tries):
            try:
                return action()
            except TransientError as error:  # noqa: PERF203 (what is tried takes far longer)
                if not (twice or error.told):
                    raise
                self._rest(error, number)
        return action()

    def _rest(self, error: TransientError, number: int) -> None:
        wait = self.pause * 2 ** (number - 1) if error.wait is None else error.wait
        if wait > self.longest:
            raise error
        log.info("%s: trying again in %.0f s", error.message, wait)
        time.sleep(wait)
