"""A deposit, step by step; each is noted beside the pack, so that a second call goes on."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.provenance.beside import check_name, companions, signature_of
from rpz.provenance.deposit.errors import DepositError
from rpz.provenance.deposit.files import Files
from rpz.provenance.deposit.note import Note, place_of, read_note, write_note
from rpz.provenance.publication.storage import read_publication, write_publication
from rpz.provenance.signatures.signing import check_fits
from rpz.provenance.web.errors import RefusedError, TransientError

if TYPE_CHECKING:
    from rpz.provenance.deposit.service import Archive, Draft
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.web.body import Begin
    from rpz.provenance.web.patience import Patience

log = logging.getLogger(__name__)

NEEDED = ("title", "authors", "description", "licence")
"""What archives ask for of a publication."""
NOT_FOUND = (404, 410)


@dataclass(frozen=True)
class Deposit:
    """One pack on its way to one archive."""

    pack: Path
    service: str
    url: str
    archive: Archive
    patience: Patience

    def reserved(self) -> Draft:
        """Make a draft, have a DOI reserved, and write that into the pack; or find all that done.

        Raises:
            PublicationError: too little is told of the pack.
            DepositError: it is deposited already, or its signature would no longer fit.
            WebError: the archive can't be reached, or refuses.

        """
        publication = ready(self.pack)
        note = self._noted(publication)
        draft = self._draft(note)
        note = dataclasses.replace(note, doi=draft.doi, page=draft.page)
        write_note(self.pack, note)
        if publication.doi != draft.doi:
            note = self._with_signature(note)
            write_publication(self.pack, dataclasses.replace(publication, doi=draft.doi))
            log.info("The DOI %s is reserved, and written into %s", draft.doi, self.pack)
        self._check_signature(note)
        return draft

    def complete(self, draft: Draft, begin: Begin | None = None) -> None:
        """Upload what the draft doesn't have yet, and tell anew what is known of it.

        Raises:
            DepositError: what the archive has got isn't what was sent.
            WebError: the archive can't be reached, or refuses.

        """
        publication = read_publication(self.pack)
        with tempfile.TemporaryDirectory() as folder:
            files = {one.name: one.path for one in companions(self.pack, Path(folder))}
            Files(self.archive, draft, self.patience).bring(
                {self.pack.name: self.pack, **files}, begin
            )
        self.patience.until_done(lambda: self.archive.update(draft, publication))

    def publish(self, draft: Draft) -> None:
        """Publish the draft, for good.

        Raises:
            WebError: the archive can't be reached, or refuses.

        """
        self.patience.unless_begun(lambda: self.archive.publish(draft))
        note = read_note(self.pack)
        if note:
            write_note(self.pack, dataclasses.replace(note, published=True))

    def _noted(self, publication: Publication) -> Note:
        """Return the note of this deposit; a draft is made if there is none."""
        note = read_note(self.pack)
        if note is None:
            _refuse_other(self.pack, publication.doi)
            _check_writable(self.pack.parent)
            draft_id = self.patience.unless_begun(lambda: self._created(publication))
            note = Note(self.service, self.url, draft_id)
            write_note(self.pack, note)
        if (note.service, note.url) != (self.service, self.url):
            raise DepositError(
                f"{self.pack} is on its way to {note.url} already",
                f"Go on there, or move {place_of(self.pack)} away to begin anew",
            )
        if note.published:
            raise self._published(note)
        if publication.doi and publication.doi != note.doi and note.doi:
            _refuse_other(self.pack, publication.doi)
        return note

    def _created(self, publication: Publication) -> str:
        try:
            return self.archive.create(publication)
        except TransientError as error:
            if not error.told:
                error.remedy = (
                    f"There may be an empty draft now: look at {self.url}, then try again"
                )
            raise

    def _published(self, note: Note) -> DepositError:
        return DepositError(
            f"{self.pack} is published already: https://doi.org/{note.doi}",
            f"A new version is made in a browser, at {self.url}",
        )

    def _draft(self, note: Note) -> Draft:
        try:
            return self.patience.until_done(lambda: self.archive.reserve(note.id))
        except RefusedError as error:
            if error.status not in NOT_FOUND:
                raise
            if self.patience.until_done(lambda: self.archive.is_published(note.id)):
                write_note(self.pack, dataclasses.replace(note, published=True))
                raise self._published(note) from None
            raise DepositError(
                f"{self.url} has no draft {note.id} any more",
                f"Begin anew: remove {place_of(self.pack)}, and: rpz meta --clear doi {self.pack}",
            ) from None

    def _with_signature(self, note: Note) -> Note:
        """Note a signature that no longer fits when the DOI is written."""
        signature = signature_of(self.pack)
        if not signature.is_file():
            return note
        digest = hashlib.sha256(signature.read_bytes()).hexdigest()
        note = dataclasses.replace(note, signature=digest)
        write_note(self.pack, note)
        return note

    def _check_signature(self, note: Note) -> None:
        signature = signature_of(self.pack)
        if not note.signature or not signature.is_file():
            return
        if hashlib.sha256(signature.read_bytes()).hexdigest() == note.signature:
            raise DepositError(
                f"{signature} is of the pack before it had its DOI",
                f"Sign it again (rpz sign --overwrite {self.pack}), and give this command again",
            )


def ready(pack: Path) -> Publication:
    """Return what is told of a pack that may be deposited.

    Raises:
        DepositError: too little is told.
        SignatureError: it has a signature of something else.
        RpzError: no archive takes its name.

    """
    check_name(pack)
    check_fits(pack)
    publication = read_publication(pack)
    if missing := [name for name in NEEDED if not getattr(publication, name)]:
        raise DepositError(
            f"Archives want to know more of {pack}: {', '.join(missing)}",
            f"Say it: rpz meta {pack}",
        )
    return publication


def _check_writable(folder: Path) -> None:
    """Check that a draft can be noted before it is made: else each call would make one.

    Raises:
        OSError: it can't.

    """
    with tempfile.TemporaryFile(dir=folder):
        pass


def _refuse_other(pack: Path, doi: str) -> None:
    if doi:
        raise DepositError(
            f"{pack} has the DOI {doi} already, of which no deposit here knows",
            f"If it is not the pack's own: rpz meta --clear doi {pack}",
        )
