"""A server that is asked: requests, and what it says as sentences."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3

from rpz import __version__
from rpz.provenance.web.address import is_loopback, origin
from rpz.provenance.web.errors import RefusedError, TransientError, WebError
from rpz.provenance.web.said import page_in, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rpz.provenance.web.body import Body

TIMEOUTS = (30.0, 300.0)
"""Seconds to reach a server, and for it to say anything."""
LARGEST = 4 << 20
"""Bytes of a page that a server answers with."""
BUSY = {429, 503}
"""The server says that it hasn't done it."""
FAILED = {408, 500, 502, 504}
AGAIN = "What has arrived stays: give the same command again later"


class Client:
    """One server; ``headers`` go with each request, and nowhere else.

    ``remedies`` say what to do about a status of HTTP.
    """

    def __init__(
        self, base: str, headers: Mapping[str, str], remedies: Mapping[int, str] | None = None
    ) -> None:
        """Open nothing yet."""
        self.base = base
        self.host = urlsplit(base).netloc
        self.remedies = remedies or {}
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(urlsplit(base).hostname or "")
        self._session.headers["User-Agent"] = f"rpz/{__version__}"
        self._headers = dict(headers)

    def sign(self, headers: Mapping[str, str]) -> None:
        """Have these headers go with each request from now on, to this server alone."""
        self._headers = dict(headers)

    def page(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Ask for something, and return the JSON object of the answer; empty if it has none.

        Options are those of :meth:`asked`.

        Raises:
            WebError: as there; or the answer is no JSON.

        """
        with self.asked(method, path, **options) as answer:
            return self.read(answer)

    def read(self, answer: requests.Response) -> dict[str, Any]:
        """Return the JSON object of an answer; empty if it has none."""
        data = self.text(answer)
        if not data:
            return {}
        page = page_in(data)
        if page is None:
            raise WebError(f"{self.host} answers something else than JSON", "Is it the right URL?")
        return page

    def text(self, answer: requests.Response, largest: int = LARGEST) -> bytes:
        """Return what an answer holds.

        Raises:
            WebError: it is too large, or cut off.

        """
        try:
            data: bytes = answer.raw.read(largest + 1, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._cut(error) from None
        if len(data) > largest:
            raise WebError(f"{self.host} answers more than {largest} bytes")
        return data

    @contextlib.contextmanager
    def asked(
        self,
        method: str,
        path: str,
        *,
        sent: object = None,
        body: Body | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        allowed: tuple[int, ...] = (),
    ) -> Iterator[requests.Response]:
        """Ask once, and yield the answer, of which nothing was read yet.

        ``path`` is under ``base``, or a URL; ``sent`` goes as JSON, ``body`` as it is. A status of
        ``allowed`` is no failure.

        Raises:
            TransientError: it may work in a while.
            RefusedError: it won't.

        """
        url = path if "://" in path else self.base + path
        data = json.dumps(sent).encode() if sent is not None else body
        kind = {"Content-Type": "application/json"} if sent is not None else {}
        try:
            answer = self._session.request(
                method,
                url,
                data=data,
                headers={"Accept": "application/json", **kind, **(headers or {})},
                auth=self._signed,
                timeout=TIMEOUTS,
                stream=True,
                allow_redirects=False,  # or secrets go elsewhere
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._cut(error) from None
        with answer:
            if not answer.ok or answer.is_redirect:
                self._refuse(answer, allowed)
            yield answer

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token, for this server alone; what ``~/.netrc`` has is not asked for then."""
        if origin(request.url or "") == origin(self.base):
            request.headers.update(self._headers)
        return request

    def _cut(self, error: Exception) -> WebError:
        if isinstance(error, requests.exceptions.SSLError):
            return WebError(f"{self.host} can't prove who it is: {_innermost(error)}")
        if isinstance(error, requests.exceptions.ConnectTimeout) or _is_new(error):
            return TransientError(f"{self.host} can't be reached", AGAIN, told=True)
        return TransientError(f"The connection to {self.host} broke", AGAIN)

    def _refuse(self, answer: requests.Response, allowed: tuple[int, ...]) -> None:
        status = answer.status_code
        if status in allowed:
            return
        words = self._without_secrets(said(self.text(answer, LARGEST)))
        why = f": {words}" if words else ""
        if status in BUSY | FAILED:
            raise TransientError(
                f"{self.host} answers {status} {answer.reason}{why}",
                AGAIN,
                wait=_seconds(answer.headers.get("Retry-After")),
                told=status in BUSY,
            )
        if answer.is_redirect:
            place = self._without_secrets(answer.headers.get("Location", ""))
            raise RefusedError(status, f"{self.host} sends us elsewhere", f"Is {place} meant?")
        raise RefusedError(
            status,
            _SENTENCES.get(status, "{host} refuses that ({status})").format(
                host=self.host, status=status
            )
            + why,
            self.remedies.get(status, ""),
            challenge=answer.headers.get("WWW-Authenticate", ""),
        )

    def _without_secrets(self, words: str) -> str:
        """Return what a server says, which may be what it was sent."""
        for value in self._headers.values():
            words = words.replace(value.rpartition(" ")[2] or value, "***")
        return words


_SENTENCES = {
    401: "{host} doesn't know the token, or it has expired",
    403: "The token isn't allowed to do that at {host}",
    404: "{host} has no such thing",
    413: "{host} takes no file as great as that",
}


def _is_new(error: BaseException) -> bool:
    """Whether not even a connection was made."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _innermost(error: BaseException) -> str:
    while error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    return str(getattr(error, "reason", error)).rstrip(".")


def _seconds(header: str | None) -> float | None:
    """Return what ``Retry-After`` (RFC 9110, 10.2.3) asks for; None if it says nothing."""
    if header is None:
        return None
    with contextlib.suppress(ValueError):
        return max(0.0, float(int(header)))
    with contextlib.suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(header)
        return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
    return None
