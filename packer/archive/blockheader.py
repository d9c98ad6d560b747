"""A member's header as tarfile writes it, byte for byte, in a fifth of the time.

What is rare (names that aren't ASCII, numbers that don't fit) is left to tarfile.
"""

from __future__ import annotations

import struct
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LENGTH = 100
"""Bytes of a name in a header; a longer one is in a record before it."""
MAX_ID, MAX_NUMBER = 8**7, 8**11

FIELDS = struct.Struct("100s8s8s8s12s12s8s1s100s")
"""Name, mode, owner, group, size, time, check-sum, type, name of what is linked."""
REST = tarfile.TarInfo().tobuf(tarfile.PAX_FORMAT)[FIELDS.size :]
"""What follows the fields: the same in all headers."""
CHECKSUM = 148
"""Where that is, in eight bytes that are spaces for its sake."""
OF_REST = sum(REST)

RECORDS = b"././@PaxHeader"
"""The name of the member that tells more of the next."""


def header_bytes(info: tarfile.TarInfo) -> bytes:
    """Return the header of a member, with the records before it that it needs."""
    name = info.name + "/" if info.isdir() and not info.name.endswith("/") else info.name
    if not (_is_plain(info) and name.isascii() and info.linkname.isascii()):
        return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    records = dict(info.pax_headers)
    if len(name) > LENGTH:
        records["path"] = name
    if len(info.linkname) > LENGTH:
        records["linkpath"] = info.linkname
    numbers = (info.mode & 0o7777, info.uid, info.gid, info.size, int(info.mtime))
    block = _block(name.encode(), numbers, info.type, info.linkname.encode())
    return _records(records) + block if records else block


def _is_plain(info: tarfile.TarInfo) -> bool:
    return (
        0 <= info.uid < MAX_ID
        and 0 <= info.gid < MAX_ID
        and 0 <= info.size < MAX_NUMBER
        and 0 <= info.mtime < MAX_NUMBER
        and info.pax_headers.keys() <= {"mtime"}
    )


def _block(
    name: bytes, numbers: tuple[int, int, int, int, int], kind: bytes, target: bytes = b""
) -> bytes:
    mode, uid, gid, size, time = numbers
    fields = FIELDS.pack(
        name[:LENGTH],
        b"%07o" % mode,
        b"%07o" % uid,
        b"%07o" % gid,
        b"%011o" % size,
        b"%011o" % time,
        b"        ",
        kind,
        target[:LENGTH],
    )
    checksum = b"%06o\0" % (sum(fields) + OF_REST)
    return fields[:CHECKSUM] + checksum + fields[CHECKSUM + len(checksum) :] + REST


def _records(records: Mapping[str, str]) -> bytes:
    data = b"".join(_record(key, value) for key, value in records.items())
    block = _block(RECORDS, (0, 0, 0, len(data), 0), tarfile.XHDTYPE)
    return block + data + bytes(-len(data) % tarfile.BLOCKSIZE)


def _record(key: str, value: str) -> bytes:
    """Return a record: its length, which counts itself, and what it says."""
    text = f" {key}={value}\n".encode()
    length = len(text)
    while length != (longer := len(text) + len(str(length))):
        length = longer
    return b"%d%b" % (length, text)
