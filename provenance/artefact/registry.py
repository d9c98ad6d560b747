"""A registry: blobs and manifests (OCI distribution specification 1.1)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urljoin

from rpz.provenance.artefact.access import authorization
from rpz.provenance.artefact.errors import ArtefactError
from rpz.provenance.web.address import base_address
from rpz.provenance.web.body import Body
from rpz.provenance.web.client import Client
from rpz.provenance.web.errors import RefusedError
from rpz.provenance.web.said import page_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests

    from rpz.provenance.artefact.reference import Reference
    from rpz.provenance.web.patience import Patience

Answer = TypeVar("Answer")

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
STREAM = {"Content-Type": "application/octet-stream"}
ELSEWHERE = (301, 302, 303, 307, 308)
GONE = (400, 404, 416)
"""What a registry says of an upload that it can't go on with."""
UNKNOWN = (401, 403)


@dataclass
class Upload:
    """A file on its way: where the registry takes the next bytes; empty before it has said."""

    path: Path
    digest: str
    size: int
    advance: Callable[[int], None]
    place: str = ""


@dataclass
class Registry:
    """The part of a registry that has one name."""

    where: Reference
    patience: Patience
    plain: bool = False
    actions: str = "pull"
    _client: Client = field(init=False)

    def __post_init__(self) -> None:
        """Connect to nothing yet."""
        remedy = f"Log in: docker login {self.where.host}"
        base = self.where.base(plain=self.plain)
        self._client = Client(base, {}, {401: remedy, 403: remedy})

    def patiently(self, action: Callable[[], Answer]) -> Answer:
        """Do something until it works, and log in when that is wanted."""
        return self.patience.until_done(lambda: self._as_somebody(action))

    def _as_somebody(self, action: Callable[[], Answer]) -> Answer:
        try:
            return action()
        except RefusedError as error:
            if error.status not in UNKNOWN or not error.challenge:
                raise
            self._client.sign(authorization(self.where, error.challenge, self.actions))
        return action()

    def has_blob(self, digest: str) -> bool:
        """Whether the registry has some bytes; this is asked once."""
        with self._client.asked("HEAD", self._path("blobs", digest), allowed=(404,)) as answer:
            return answer.ok

    def put_blob(self, upload: Upload) -> None:
        """Send a file, unless it is there; one that is cut off goes on where the registry has it.

        Raises:
            WebError: the registry can't be reached, or refuses.

        """
        self.patiently(lambda: self._send(upload))

    def _send(self, upload: Upload) -> None:
        if self.has_blob(upload.digest):
            upload.advance(upload.size)
            return
        begin = self._begun(upload)
        upload.advance(begin)
        body = Body(upload.path, upload.size - begin, begin, advance=upload.advance)
        headers = dict(STREAM)
        if begin:
            headers["Content-Range"] = f"{begin}-{upload.size - 1}"
        try:
            if body.size:
                with self._client.asked("PATCH", upload.place, body=body, headers=headers) as got:
                    upload.place = self._location(got)
            mark = "&" if "?" in upload.place else "?"
            end = f"{upload.place}{mark}{urlencode({'digest': upload.digest})}"
            with self._client.asked("PUT", end, headers=STREAM):
                return
        except BaseException:
            body.taken_back()
            upload.advance(-begin)
            raise

    def _begun(self, upload: Upload) -> int:
        """Return how many bytes the registry has of an upload; begin it if it has none."""
        if upload.place:
            with self._client.asked("GET", upload.place, allowed=GONE) as answer:
                found = re.fullmatch(r"(?:bytes=)?0-(\d+)", answer.headers.get("Range", ""))
                if answer.ok and found:
                    upload.place = self._location(answer)
                    held = int(found[1]) + 1
                    return held if 1 < held <= upload.size else 0  # 0-0 is said of nothing, too
        with self._client.asked("POST", self._path("blobs", "uploads/"), headers=STREAM) as answer:
            upload.place = self._location(answer)
        return 0

    def _location(self, answer: requests.Response) -> str:
        place = answer.headers.get("Location", "")
        url = urljoin(answer.url, place)
        if not place:
            raise ArtefactError(f"{self.where.host} doesn't say where the upload goes")
        if not self.plain:
            base_address(url.partition("?")[0])  # encrypted there, too
        return url

    def put_manifest(self, document: dict[str, Any], version: str, kind: str = MANIFEST) -> bool:
        """Store a manifest; return whether the registry lists it under its subject by itself."""
        data = encoded(document)

        def send() -> bool:
            path, headers = self._path("manifests", version), {"Content-Type": kind}
            with self._client.asked("PUT", path, body=data, headers=headers) as answer:
                return "OCI-Subject" in answer.headers

        return self.patiently(send)

    def manifest(self, version: str, kind: str = MANIFEST) -> dict[str, Any] | None:
        """Return a manifest; None if there is none.

        Raises:
            ArtefactError: it isn't what its digest says.

        """

        def get() -> bytes | None:
            path, headers = self._path("manifests", version), {"Accept": kind}
            with self._client.asked("GET", path, headers=headers, allowed=(404,)) as answer:
                return self._client.text(answer) if answer.ok else None

        data = self.patiently(get)
        if data is None:
            return None
        if version.startswith("sha256:") and digest_of(data) != version:
            raise ArtefactError(f"{self.where.host} answers something else than {version}")
        return decoded(data, self.where.host)

    @contextlib.contextmanager
    def blob(self, digest: str, begin: int) -> Iterator[requests.Response]:
        """Yield the answer that has some bytes from a place on, or all (status 200)."""
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if begin:
            headers["Range"] = f"bytes={begin}-"
        path = self._path("blobs", digest)
        with contextlib.ExitStack() as stack:
            asked = self._client.asked("GET", path, headers=headers, allowed=ELSEWHERE)
            answer = stack.enter_context(asked)
            if answer.is_redirect:
                place = self._location(answer)
                answer = stack.enter_context(self._client.asked("GET", place, headers=headers))
            yield answer

    def _path(self, kind: str, name: str) -> str:
        return f"/v2/{self.where.name}/{kind}/{name}"


def digest_of(data: bytes) -> str:
    """Return what bytes are called."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def encoded(document: dict[str, Any]) -> bytes:
    """Return a manifest as it is stored: always the same for the same one."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def decoded(data: bytes, host: str) -> dict[str, Any]:
    """Read a manifest.

    Raises:
        ArtefactError: it is none.

    """
    page = page_in(data)
    if page is None:
        raise ArtefactError(f"{host} answers something that is no manifest", "Is it a registry?")
    return page
