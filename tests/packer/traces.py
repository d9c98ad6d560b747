"""Small traces, written by hand: what an engine and the loader would have put in the database."""

from __future__ import annotations

import hashlib
import itertools
import os
from typing import get_type_hints

from rpz.tracer.database import TraceDatabase, replaced
from rpz.tracer.records import Mode
from rpz.tracer.rows import (
    DigestRow,
    ExecutionRow,
    FileRow,
    LinkRow,
    ListingRow,
    ProcessRow,
    RemovalRow,
    RenameRow,
    RunRow,
    SnapshotRow,
)

READ, WRITE, WDIR, STAT, LINK, SOCKET = (
    Mode.READ, Mode.WRITE, Mode.WDIR, Mode.STAT, Mode.LINK, Mode.SOCKET,
)  # fmt: skip


class Trace:
    """Says what runs do; :meth:`save` writes the database."""

    def __init__(self, folder):
        self.folder = folder
        self.rows = []
        self.run = -1
        self._ids = itertools.count()
        self._clock = itertools.count(1)

    def start(
        self, *argv, binary=None, workingdir=None, environ=(b"A=1",), exitcode=0, uid=1001,
        ended=None,
    ):  # fmt: skip
        """Begin a run."""
        self.run += 1
        words = b"".join(os.fsencode(a) + b"\0" for a in (argv or ("prog",)))
        where = os.fsencode(workingdir or self.folder)
        self._add(
            RunRow, id=self.run, engine="native", ended=ended, argv=words, workingdir=where,
            exitcode=exitcode, uid=uid, gid=1002, architecture="x86_64", distribution="debian",
            distribution_version="12", hostname="host", system="Linux", kernel="6.1",
        )  # fmt: skip
        self._add(ProcessRow, id=self.run, parent=None, exitcode=exitcode)
        self._add(
            ExecutionRow, name=os.fsencode(binary or "/bin/prog"), argv=words, workingdir=where,
            envp=b"".join(e + b"\0" for e in environ),
        )  # fmt: skip
        return self

    def file(self, path, mode, *, existed=True, truncated=False, is_directory=False):
        return self._add(
            FileRow, name=os.fsencode(path), mode=int(mode), is_directory=is_directory,
            existed=existed, truncated=truncated,
        )  # fmt: skip

    def read(self, path):
        return self.file(path, READ)

    def stat(self, path, *, is_directory=False):
        return self.file(path, STAT, is_directory=is_directory)

    def create(self, path):
        return self.file(path, WRITE, existed=False)

    def truncate(self, path):
        return self.file(path, WRITE, truncated=True)

    def append(self, path):
        return self.file(path, WRITE)

    def mkdir(self, path):
        return self.file(path, WRITE, existed=False, is_directory=True)

    def chdir(self, path):
        return self.file(path, WDIR, is_directory=True)

    def follow(self, path, target):
        return self._add(LinkRow, name=os.fsencode(path), target=os.fsencode(target))

    def rename(self, old, new, *, kind="rename", replaces=False):
        self.file(old, READ | LINK)
        self.file(new, WRITE | LINK, existed=replaces)
        return self._add(RenameRow, kind=kind, old=os.fsencode(old), new=os.fsencode(new))

    def remove(self, path, *, is_directory=False):
        self.file(path, STAT | LINK, is_directory=is_directory)
        return self._add(RemovalRow, name=os.fsencode(path), is_directory=is_directory)

    def list(self, path, *entries):
        """Each entry is a letter and a name: ``fdata.csv``."""
        listed = b"".join(os.fsencode(entry) + b"\0" for entry in sorted(entries))
        self.file(path, READ, is_directory=True)
        return self._add(ListingRow, name=os.fsencode(path), entries=listed)

    def digest(self, path, content=None, modified=None):
        """Record what a file holds now, or held when it was ``modified``, in nanoseconds."""
        data = path.read_bytes() if content is None else content
        when = path.stat().st_mtime_ns if modified is None else modified
        sha256 = hashlib.sha256(data).hexdigest()
        return self._add(
            DigestRow, name=os.fsencode(path), role="input", size=len(data), modified=when,
            sha256=sha256,
        )  # fmt: skip

    def keep(self, path, content=None, *, kind="content", **status):
        """What the file is, before the next event changes it; the name need not be there."""
        number = sum(isinstance(row, SnapshotRow) for row in self.rows) + 1
        if content is not None:
            copy = self.snapshots / str(self.run) / str(number)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(content)
            copy.chmod(0o600)
        status = {"mode": 0o100644, "links": 1, "size": len(content or ""), **status}
        return self._add(
            SnapshotRow,
            name=os.fsencode(path),
            kind=kind,
            number=number if content else 0,
            **status,
        )

    @property
    def snapshots(self):
        return self.folder / ".rpz-trace" / "snapshots"

    def save(self, folder=None):
        """Write ``trace.sqlite3`` into a folder and return its path."""
        folder = folder or self.folder
        folder.mkdir(exist_ok=True)
        path = folder / "trace.sqlite3"
        with replaced(path, keep=False) as database:
            for row in self.rows:
                database.add([row])
        return path

    def open(self):
        return TraceDatabase.open(self.save(self.folder / ".rpz-trace"))

    def _add(self, kind, /, **values):
        """Add a row; columns that a test doesn't care for are zero or empty."""
        empty = {bytes: b"", str: ""}
        row = {name: empty.get(hint, 0) for name, hint in get_type_hints(kind).items()}
        row |= {"timestamp": next(self._clock)} if "timestamp" in row else {}
        row |= {"id": next(self._ids)} if kind not in (RunRow, ProcessRow) else {}
        row |= {"run_id": self.run} if "run_id" in row else {}
        row |= {"process": self.run} if "process" in row else {}
        self.rows.append(kind(**(row | values)))
        return self
