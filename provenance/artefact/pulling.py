"""The bytes of a pack from a registry: what was cut off goes on, and only the right ones stay."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3

from rpz.packer.atomic import give_name
from rpz.provenance.artefact.errors import ArtefactError
from rpz.provenance.web.body import BLOCK, no_progress
from rpz.provenance.web.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    import requests

    from rpz.provenance.artefact.packs import Found
    from rpz.provenance.artefact.registry import Registry
    from rpz.provenance.web.body import Begin

PARTIAL = 206


@dataclass
class Pull:
    """A pack on its way to a file; until all is there it is called ``.FILE.DIGEST.part``."""

    registry: Registry
    found: Found
    file: Path

    @property
    def part(self) -> Path:
        """What has arrived."""
        mark = self.found.digest.partition(":")[2][:12]
        return self.file.with_name(f".{self.file.name[:200]}.{mark}.part")

    def fetch(self, begin: Begin | None = None, *, overwrite: bool = False) -> None:
        """Have the file, whole and right, or not at all.

        Raises:
            FileExistsError: the file is there, and no ``overwrite``.
            ArtefactError: the registry has other bytes than the manifest says.
            WebError: it can't be reached, or refuses.

        """
        advance = begin(self.found.size) if begin else no_progress
        with self.part.open("ab") as file:
            advance(file.tell())
            self.registry.patiently(lambda: self._go_on(file, advance))
            os.fsync(file.fileno())
        self._check()
        if overwrite:
            self.part.replace(self.file)
            return
        give_name(self.part, self.file)
        self.part.unlink(missing_ok=True)

    def _go_on(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        begin = file.tell()
        if begin >= self.found.size:
            return
        with self.registry.blob(self.found.digest, begin) as answer:
            if begin and answer.status_code != PARTIAL:  # it knows nothing of parts
                file.truncate(0)
                file.seek(0)
                advance(-begin)
            self._copy(answer, file, advance)

    def _copy(
        self, answer: requests.Response, file: BinaryIO, advance: Callable[[int], None]
    ) -> None:
        while file.tell() < self.found.size:
            try:
                block = answer.raw.read(min(BLOCK, self.found.size - file.tell()))
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise self._cut() from error
            if not block:
                raise self._cut()
            file.write(block)
            advance(len(block))

    def _cut(self) -> TransientError:
        return TransientError(
            f"The connection to {self.registry.where.host} broke",
            "What has arrived stays: give the same command again later",
        )

    def _check(self) -> None:
        state = hashlib.sha256()
        with self.part.open("rb") as file:
            while block := file.read(BLOCK):
                state.update(block)
        if f"sha256:{state.hexdigest()}" != self.found.digest:
            self.part.unlink()
            raise ArtefactError(
                f"{self.registry.where.host} has sent something else than {self.found.digest}",
                "Give the command again; if that stays so, the registry is damaged",
            )
