"""Where the blocks of the data are, and what the archive's own members should be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from tarfile import BLOCKSIZE
from typing import TYPE_CHECKING, Any

from rpz.packer.archive.codecs import BLOCK, CODECS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = 1


class NewIndexError(ValueError):
    """An index of a version that this rpz doesn't know."""


@dataclass(frozen=True)
class StoredBlock:
    """A block: its bytes in the archive, those that they give, the CRC-32 of the former."""

    stored: int
    size: int
    crc: int


@dataclass(frozen=True)
class Part:
    """A member of the archive besides the data: bytes, permission bits, digest."""

    size: int
    mode: int
    sha256: str


@dataclass(frozen=True)
class Index:
    """What ``EXTENSIONS/rpz/index.jsonl`` says.

    ``crc`` is the CRC-32 of the whole tar, ``members`` how many names it has.
    """

    compression: str
    crc: int
    members: int
    blocks: Sequence[StoredBlock]
    parts: Mapping[str, Part]

    @property
    def size(self) -> int:
        """Return the bytes of the tar."""
        return sum(block.size for block in self.blocks)


def index_bytes(index: Index) -> bytes:
    """Return the index as it is stored: a line of JSON, and one with the digest of the first."""
    document = {
        "version": VERSION,
        "compression": index.compression,
        "size": index.size,
        "crc32": index.crc,
        "members": index.members,
        "block": BLOCK,
        "blocks": [[block.stored, block.crc] for block in index.blocks],
        "parts": {name: asdict(part) for name, part in index.parts.items()},
    }
    line = json.dumps(document).encode() + b"\n"
    digest = hashlib.sha256(line).hexdigest()
    return line + json.dumps({"sha256": digest}).encode() + b"\n"


def parsed_index(data: bytes) -> Index:
    """Return the index of these bytes.

    Raises:
        NewIndexError: they are of another version.
        ValueError: they aren't what :func:`index_bytes` gives.

    """
    line, _, check = data.partition(b"\n")
    if check != json.dumps({"sha256": hashlib.sha256(line + b"\n").hexdigest()}).encode() + b"\n":
        raise ValueError("its digest is another")
    try:
        document = json.loads(line)
        if document["version"] != VERSION:
            raise NewIndexError(f"its index has version {document['version']!a}")
        index = Index(
            _known(document["compression"]),
            _number(document["crc32"]),
            _number(document["members"]),
            tuple(_blocks(document)),
            {name: _part(part) for name, part in document["parts"].items()},
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it isn't an index: {error}") from None
    if index.members * BLOCKSIZE > index.size:  # each has a header
        raise ValueError("it has more members than there is room for")
    return index


def _blocks(document: Mapping[str, Any]) -> list[StoredBlock]:
    left, block = _number(document["size"]), _number(document["block"])
    if not 0 < block <= BLOCK:  # else a small archive could ask for all memory
        raise ValueError("its blocks are of another size")
    blocks = []
    for stored, crc in document["blocks"]:
        blocks.append(StoredBlock(_number(stored), min(block, left), _number(crc)))
        left -= blocks[-1].size
    if left or any(block.size == 0 for block in blocks):
        raise ValueError("its blocks don't add up")
    return blocks


def _part(found: Mapping[str, Any]) -> Part:
    return Part(_number(found["size"]), _number(found["mode"]), str(found["sha256"]))


def _known(compression: Any) -> str:
    if compression not in CODECS:
        raise ValueError("its compression is unknown")
    return str(compression)


def _number(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise ValueError(f"{value!a} is no number")
    return value
