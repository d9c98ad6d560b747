"""A run without its secrets: a page is made to be shown to others, as a pack is."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.secrets.database import withheld_from, without_secrets
from rpz.provenance.reprozip import ENGINE
from rpz.provenance.source import SourceError, opened
from rpz.tracer.folder import TraceFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.secrets.redact import Secrets


@dataclass(frozen=True)
class Clean:
    """A run: what a person calls it, and by which name it is opened without secrets.

    ``secrets`` are what was withheld, None of a pack, from which they were withheld when it was
    made. ``folder`` is the trace folder itself.
    """

    name: str
    opened: str
    secrets: Secrets | None = None
    folder: TraceFolder | None = None


@contextlib.contextmanager
def clean(name: str) -> Iterator[Clean]:
    """Yield a run without secrets: a pack as it is, a trace folder as a copy of what it tells.

    Raises:
        RpzError: it isn't there, or can't be read.

    """
    with opened(name) as source:
        path, run, is_pack = source.path, source.run.id, source.pack is not None
        theirs = source.run.engine == ENGINE
    if theirs and not is_pack:
        raise SourceError(
            f"{path} is of ReproZip's, of which rpz can't tell what is secret",
            "Pack it (reprozip pack), and name the pack",
        )
    if is_pack:
        yield Clean(name, f"{path}:{run}")
        return
    folder = TraceFolder(path)
    secrets = withheld_from(folder.database)
    with tempfile.TemporaryDirectory(prefix="rpz-") as scratch:
        copy = TraceFolder(Path(scratch))
        without_secrets(folder.database, secrets, copy.path)
        if not copy.database.exists():  # there was nothing to withhold
            copy.database.symlink_to(folder.database.absolute())
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(folder.config, copy.config)
        yield Clean(name, f"{copy.path}:{run}", secrets, folder)
