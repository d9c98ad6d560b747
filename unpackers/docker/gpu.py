"""Whether an experiment has used a graphics processor, which it only gets when asked for."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from typing import TYPE_CHECKING

from rpz.packer.archive.format import PackError

if TYPE_CHECKING:
    from rpz.packer.archive.reader import Pack

DEVICES = ("/dev/nvidia*", "/dev/kfd")
"""What programs open that compute on processors of NVIDIA and of AMD."""


def was_used(pack: Pack) -> bool:
    """Whether a run in the pack's trace has opened a device of a graphics processor."""
    with contextlib.suppress(PackError, OSError, sqlite3.Error):
        return _in_trace(pack)
    return False


def _in_trace(pack: Pack) -> bool:
    with tempfile.NamedTemporaryFile(suffix=".sqlite3") as copy:
        with pack.metadata("trace.sqlite3") as file:
            shutil.copyfileobj(file, copy)
        copy.flush()
        database = sqlite3.connect(f"file:{copy.name}?mode=ro", uri=True)
        with contextlib.closing(database):
            database.execute("PRAGMA trusted_schema = OFF")  # anybody's
            where = " OR ".join("name GLOB ?" for _ in DEVICES)
            asked = f"SELECT 1 FROM opened_files WHERE {where} LIMIT 1"  # noqa: S608 (all ours)
            return database.execute(asked, DEVICES).fetchone() is not None
