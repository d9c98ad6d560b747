"""InvenioRDM's records API, which is Zenodo's, too.

https://inveniordm.docs.cern.ch/reference/rest_api_drafts_records
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rpz.provenance.deposit.record import record
from rpz.provenance.deposit.service import Draft, Held
from rpz.provenance.web.body import Body
from rpz.provenance.web.client import Client
from rpz.provenance.web.errors import WebError
from rpz.provenance.web.said import said_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rpz.provenance.publication.model import Publication

log = logging.getLogger(__name__)

COMPLETED = "completed"
NONE = (404, 410)


class Invenio:
    """An archive that runs InvenioRDM."""

    def __init__(self, url: str, options: Mapping[str, str], token: str, scopes: str) -> None:
        """Connect to nothing yet."""
        self._url = url
        self._kind = options.get("type") or "dataset"
        remedy = f"Make a token that may do {scopes}"
        self._client = Client(url, {"Authorization": f"Bearer {token}"}, {401: remedy, 403: remedy})

    def record(self, publication: Publication) -> dict[str, Any]:
        """Return the document of a draft."""
        return record(publication, self._kind)

    def missing(self) -> list[str]:
        """Return nothing: it needs none."""
        return []

    def create(self, publication: Publication) -> str:
        """Make a draft, and return its id."""
        page = self._client.page("POST", "/api/records", sent=self.record(publication))
        self._tell(page)
        return str(_of(page, "id"))

    def reserve(self, draft_id: str) -> Draft:
        """Return a draft and its DOI, reserved if it wasn't yet."""
        place = f"{_record(draft_id)}/draft"
        page = self._client.page("GET", place)
        if not _doi(page):
            page = self._client.page("POST", f"{place}/pids/doi")
        doi = _doi(page)
        if not doi:
            raise WebError(
                f"{self._client.host} has reserved no DOI", "Does this archive give any?"
            )
        return Draft(draft_id, doi, f"{self._url}/uploads/{quote(draft_id, safe='')}")

    def is_published(self, draft_id: str) -> bool:
        """Whether what was a draft is a record now."""
        with self._client.asked("GET", _record(draft_id), allowed=NONE) as answer:
            return answer.ok

    def update(self, draft: Draft, publication: Publication) -> None:
        """Tell anew all that is known; the DOI that is reserved would go unless it is told, too."""
        place = f"{_record(draft.id)}/draft"
        pids = self._client.page("GET", place).get("pids", {})
        told = self.record(publication) | {"pids": pids}
        self._tell(self._client.page("PUT", place, sent=told))

    def _tell(self, page: dict[str, Any]) -> None:
        """Say what the archive doesn't like of a draft that it has taken all the same."""
        if words := said_of({"errors": page.get("errors")}):
            log.warning("%s won't publish it so: %s", self._client.host, words)

    def held(self, draft: Draft) -> dict[str, Held]:
        """Return the files of a draft by their names."""
        page = self._client.page("GET", f"{_record(draft.id)}/draft/files")
        entries = page.get("entries")
        return {
            str(_of(entry, "key")): _held(entry)
            for entry in (entries if isinstance(entries, list) else [])
        }

    def upload(self, draft: Draft, path: Path, name: str, advance: Callable[[int], None]) -> Held:
        """Announce a file, send its bytes, and have the archive take them as complete."""
        files = f"{_record(draft.id)}/draft/files"
        place = f"{files}/{quote(name, safe='')}"
        self._client.page("POST", files, sent=[{"key": name}])
        body = Body(path, path.stat().st_size, advance=advance)
        try:
            kind = {"Content-Type": "application/octet-stream"}
            self._client.page("PUT", f"{place}/content", body=body, headers=kind)
            return _held(self._client.page("POST", f"{place}/commit"))
        except BaseException:
            body.taken_back()
            raise

    def remove(self, draft: Draft, name: str, held: Held) -> None:
        """Take a file out of a draft."""
        del held
        place = f"{_record(draft.id)}/draft/files/{quote(name, safe='')}"
        self._client.page("DELETE", place, allowed=(404,))

    def publish(self, draft: Draft) -> None:
        """Publish a draft, for good."""
        self._client.page("POST", f"{_record(draft.id)}/draft/actions/publish")


CLASS = Invenio


def _record(draft_id: str) -> str:
    return f"/api/records/{quote(draft_id, safe='')}"


def _of(page: Any, name: str) -> Any:
    """Return what an answer must have.

    Raises:
        WebError: it hasn't.

    """
    if not isinstance(page, dict) or name not in page:
        raise WebError(f"The server's answer has no {name}", "Does it run InvenioRDM?")
    return page[name]


def _doi(page: dict[str, Any]) -> str:
    pids = page.get("pids")
    doi = pids.get("doi") if isinstance(pids, dict) else None
    return str(doi.get("identifier") or "") if isinstance(doi, dict) else ""


def _held(entry: dict[str, Any]) -> Held:
    algorithm, _, checksum = str(entry.get("checksum") or "").partition(":")
    if entry.get("status", COMPLETED) != COMPLETED:
        return Held(str(entry.get("key", "")))
    return Held(str(entry.get("key", "")), algorithm.lower(), checksum.lower())
