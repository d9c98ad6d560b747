"""The files of a draft: each is sent until the archive has the bytes that are here."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rpz.provenance.deposit.errors import DepositError
from rpz.provenance.web.body import no_progress
from rpz.provenance.web.checksum import checksum
from rpz.provenance.web.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rpz.provenance.deposit.service import Archive, Draft, Held
    from rpz.provenance.web.body import Begin
    from rpz.provenance.web.patience import Patience

log = logging.getLogger(__name__)

ALGORITHMS = {
    "md5": "md5",
    "sha1": "sha1",
    "sha-1": "sha1",
    "sha256": "sha256",
    "sha-256": "sha256",
    "sha512": "sha512",
    "sha-512": "sha512",
}
"""How archives call what :mod:`hashlib` calls so."""


@dataclass(frozen=True)
class Files:
    """The files of one draft."""

    archive: Archive
    draft: Draft
    patience: Patience

    def bring(
        self,
        files: Mapping[str, Path],
        begin: Begin | None = None,
    ) -> None:
        """Have the archive hold some files; what it has already, byte for byte, isn't sent.

        Raises:
            DepositError: it says again and again that it has got something else.
            WebError: it can't be reached, or refuses.

        """
        total = sum(path.stat().st_size for path in files.values())
        advance = begin(total) if begin else no_progress
        for name, path in files.items():
            self.patience.until_done(partial(self.send, name, path, advance))

    def send(self, name: str, path: Path, advance: Callable[[int], None]) -> None:
        """Look what the archive has, and send a file unless it is that."""
        held = self.archive.held(self.draft).get(name)
        if held is not None:
            if is_same(held, path):
                log.debug("%s is there already", name)
                advance(path.stat().st_size)
                return
            self.archive.remove(self.draft, name, held)
        got = self.archive.upload(self.draft, path, name, advance)
        if not is_same(got, path):
            advance(-path.stat().st_size)
            self.archive.remove(self.draft, name, got)
            raise TransientError(f"{name} has arrived with another checksum")


def is_same(held: Held, path: Path) -> bool:
    """Whether an archive has the bytes of a file.

    Raises:
        DepositError: it tells a checksum that can't be compared.

    """
    if not held.algorithm:
        return False
    if held.algorithm not in ALGORITHMS:
        raise DepositError(
            f"The archive's checksum of {path.name} is {held.algorithm}, which can't be compared",
            "Compare by hand, and upload the file in a browser",
        )
    return checksum(path, ALGORITHMS[held.algorithm]) == held.checksum
