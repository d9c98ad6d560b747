"""Empty stand-ins for what the runs listed and never opened, so that a replay lists the same."""

from __future__ import annotations

import gzip
import json
import os
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rpz.packer.archive.members import Member
from rpz.packer.before import Status
from rpz.packer.magic import is_magic
from rpz.packer.select import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.packer.listings import Listings
    from rpz.packer.plan import Plan
    from rpz.packer.select import Selection
    from rpz.packer.tree import Content

EXTENSION = "rpz/placeholders.jsonl.gz"
"""The member that tells them from the files of the experiment."""

KINDS = {"f": Kind.FILE, "d": Kind.FOLDER, "l": Kind.LINK}
LETTERS = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}


@dataclass(frozen=True)
class Placeholder:
    """A stand-in, and the bytes of what it stands for; None: that is gone, or no file."""

    member: Member
    size: int | None


@dataclass(frozen=True)
class Placeholders:
    """All stand-ins, sorted by path.

    ``left`` are folders that were listed and will list less when replayed, each with the number of
    names: too many for the pack. ``lost`` are single names that can't be made up: links that are
    gone, sockets, devices and pipes.
    """

    made: tuple[Placeholder, ...] = ()
    left: tuple[tuple[bytes, int], ...] = ()
    lost: tuple[bytes, ...] = ()

    def added_to(self, planned: Plan) -> Plan:
        """Put them into a plan."""
        for item in self.made:
            planned.members.put(item.member)
        return planned

    def saved(self, folder: Path) -> dict[str, Path]:
        """Write the member that lists them (``docs/archive-format.md``) to a file in ``folder``."""
        if not self.made:
            return {}
        path = folder / "placeholders.jsonl.gz"
        path.write_bytes(self._list())
        return {EXTENSION: path}

    def _list(self) -> bytes:
        lines = (
            {
                "path": item.member.path.decode("utf-8", "surrogateescape"),
                "type": item.member.kind.name.lower(),
                "size": item.size,
            }
            for item in self.made
        )
        return gzip.compress("".join(json.dumps(x) + "\n" for x in lines).encode(), mtime=0)


def placeholders(listings: Listings, planned: Plan, selection: Selection) -> Placeholders:
    """Return the stand-ins that a plan lacks.

    What was used and isn't packed, because it can't be or a person doesn't want it to be, gets
    none: a program had better miss it than find it empty.
    """
    packed, used = planned.members, selection.by_path
    left_out = {item.path for item in selection.left_out}
    made: list[Placeholder] = []
    lost: list[bytes] = []
    for path, letter in sorted(listings.letters.items()):
        parent = os.path.dirname(path)
        if path in packed or path in left_out or path in used or is_magic(path):
            continue
        if parent != b"/" and parent not in packed:
            continue  # a person took the whole folder out
        if (item := _placeholder(path, letter, listings.used.get(path))) is None:
            lost.append(path)
        else:
            made.append(item)
    left = (
        (path, count) for path, count in listings.left.items() if path == b"/" or path in packed
    )
    return Placeholders(tuple(made), tuple(sorted(left)), tuple(lost))


def _placeholder(path: bytes, letter: str, used: Content | None) -> Placeholder | None:
    try:
        found = os.lstat(path)
    except OSError:
        found = None
    now = LETTERS.get(stat.S_IFMT(found.st_mode)) if found else None
    letter = letter if letter != "?" else now or "f"
    if letter not in KINDS:
        return None
    if letter != now:
        found = None
    if letter == "l":
        return _link(path) if found else None
    if letter == "d":
        return Placeholder(
            Member(path, Kind.FOLDER, path if found else None, on_the_way=True), None
        )
    size = found.st_size if found else None
    return Placeholder(Member(path, Kind.FILE, None, status=_status(used, found)), size)


def _link(path: bytes) -> Placeholder | None:
    try:
        target = os.readlink(path)
    except OSError:
        return None
    return Placeholder(Member(path, Kind.LINK, path, target, on_the_way=True), None)


def _status(used: Content | None, found: os.stat_result | None) -> Status:
    """Return the attributes of a stand-in for a file.

    One that a run went on to overwrite must be as writable as it was. Of others nobody has seen the
    mode: without any rights, a program that would read what isn't there fails.
    """
    if used is not None and used.before is not None:
        return replace(used.before.status, modified=0)
    uid, gid = (found.st_uid, found.st_gid) if found else (0, 0)
    if used is None:
        return Status(stat.S_IFREG, uid, gid, 0)
    return Status(found.st_mode if found else stat.S_IFREG | 0o644, uid, gid, 0)
