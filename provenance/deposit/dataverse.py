"""Dataverse's native API (https://guides.dataverse.org/en/latest/api/native-api.html)."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from urllib3.filepost import encode_multipart_formdata

from rpz.provenance.deposit.dataset import version
from rpz.provenance.deposit.service import Draft, Held
from rpz.provenance.web.body import Body
from rpz.provenance.web.client import Client
from rpz.provenance.web.errors import WebError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rpz.provenance.publication.model import Publication

DATASET = "/api/datasets/:persistentId"
SCHEME = "doi:"


class Dataverse:
    """An installation of Dataverse; a draft's id is its DOI, which it has from the beginning."""

    def __init__(self, url: str, options: Mapping[str, str], token: str, scopes: str) -> None:
        """Connect to nothing yet."""
        self._url = url
        self._options = options
        remedy = f"Make a token of an account that may: {scopes}"
        self._client = Client(url, {"X-Dataverse-key": token}, {401: remedy, 403: remedy})

    def missing(self) -> list[str]:
        """Return which of the options that it can't do without weren't given."""
        return [name for name in ("collection", "contact") if not self._options.get(name)]

    def record(self, publication: Publication) -> dict[str, Any]:
        """Return the document of a data set."""
        subject = self._options.get("subject") or "Other"
        contact = self._options.get("contact", "")
        return {"datasetVersion": version(publication, subject, contact)}

    def create(self, publication: Publication) -> str:
        """Make a data set, and return its persistent id."""
        collection = quote(self._options["collection"], safe="")
        place = f"/api/dataverses/{collection}/datasets"
        return str(self._data("POST", place, sent=self.record(publication))["persistentId"])

    def reserve(self, draft_id: str) -> Draft:
        """Return a data set's draft, after a look whether it is there."""
        if not draft_id.startswith(SCHEME):
            raise WebError(f"{self._client.host} gives {draft_id} in the place of a DOI")
        self._data("GET", _place(draft_id, "/versions/:draft"))
        asked = urlencode({"persistentId": draft_id, "version": "DRAFT"})
        page = f"{self._url}/dataset.xhtml?{asked}"
        return Draft(draft_id, draft_id.removeprefix(SCHEME), page)

    def is_published(self, draft_id: str) -> bool:
        """Whether what was a draft is published now."""
        place = _place(draft_id, "/versions/:latest-published")
        with self._client.asked("GET", place, allowed=(404,)) as answer:
            return answer.ok

    def update(self, draft: Draft, publication: Publication) -> None:
        """Tell anew all that is known."""
        told = self.record(publication)["datasetVersion"]
        self._data("PUT", _place(draft.id, "/versions/:draft"), sent=told)

    def held(self, draft: Draft) -> dict[str, Held]:
        """Return the files of a draft by their names."""
        files = self._data("GET", _place(draft.id, "/versions/:draft/files"))
        return {str(file["label"]): _held(file) for file in files}

    def upload(self, draft: Draft, path: Path, name: str, advance: Callable[[int], None]) -> Held:
        """Send a file."""
        head, tail, kind = _form(name)
        body = Body(path, path.stat().st_size, head=head, tail=tail, advance=advance)
        try:
            found = self._data(
                "POST", _place(draft.id, "/add"), body=body, headers={"Content-Type": kind}
            )
            return _held(found["files"][0])
        except BaseException:
            body.taken_back()
            raise

    def remove(self, draft: Draft, name: str, held: Held) -> None:
        """Take a file out of a draft."""
        del draft, name
        self._client.page("DELETE", f"/api/files/{quote(held.id, safe='')}", allowed=(404,))

    def publish(self, draft: Draft) -> None:
        """Publish a data set, for good."""
        self._client.page("POST", _place(draft.id, "/actions/:publish", type="major"))

    def _data(self, method: str, path: str, **options: Any) -> Any:
        page = self._client.page(method, path, **options)
        try:
            return page["data"]
        except KeyError:
            raise WebError(
                f"{self._client.host} answers without data", "Does it run Dataverse?"
            ) from None


CLASS = Dataverse


def _place(draft_id: str, action: str, **more: str) -> str:
    return f"{DATASET}{action}?{urlencode({'persistentId': draft_id, **more})}"


def _held(file: dict[str, Any]) -> Held:
    try:
        about = file["dataFile"]
        checksum = about.get("checksum") or {"type": "MD5", "value": about["md5"]}
        return Held(str(about["id"]), checksum["type"].lower(), checksum["value"].lower())
    except (KeyError, TypeError, AttributeError):
        raise WebError("The server tells no checksum of a file", "Does it run Dataverse?") from None


def _form(name: str) -> tuple[bytes, bytes, str]:
    """Return what is before and after a file in a form, and the form's media type."""
    mark = secrets.token_hex(16)
    about = json.dumps({"description": "", "restrict": "false", "tabIngest": "false"})
    file = (name, mark, "application/octet-stream")
    form, kind = encode_multipart_formdata([("jsonData", about), ("file", file)])
    head, _, tail = form.partition(mark.encode())
    return head, tail, kind
