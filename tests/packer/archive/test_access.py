"""Any part of the data is read by the index, and no block of it more often than need be."""

from __future__ import annotations

import os

import pytest

from rpz.packer.archive.access import Blocks
from rpz.packer.archive.reader import Pack

MIB = 1 << 20
PARTS = (3 * MIB + 17, 512, 2 * MIB, 5, MIB // 2, MIB, 2 * MIB)
"""Lengths of what is read, one after the other, through blocks of a MiB."""


@pytest.fixture
def pack(make_pack, files):
    (files / "great").write_bytes(os.urandom(sum(PARTS)))
    with Pack.open(make_pack()) as opened:
        yield opened


@pytest.fixture
def unpacked(monkeypatch):
    """Return the blocks that were unpacked, as often as they were."""
    found = []
    unpack = Blocks._unpack

    def noted(self, stored, block):
        found.append(block)
        return unpack(self, stored, block)

    monkeypatch.setattr(Blocks, "_unpack", noted)
    return found


def test_what_follows_is_not_unpacked_again(pack, unpacked):
    with pack.blocks() as blocks:
        whole = b"".join(blocks.all())
        unpacked.clear()
        start = 0
        for length in PARTS:
            assert b"".join(blocks.read(start, length)) == whole[start : start + length]
            start += length
    assert len(unpacked) == len(set(map(id, unpacked)))


def test_the_same_place_again_and_backwards(pack):
    with pack.blocks() as blocks:
        whole = b"".join(blocks.all())
        for start, length in ((MIB, 3 * MIB), (MIB, 3 * MIB), (4 * MIB - 1, 2), (0, 2 * MIB)):
            assert b"".join(blocks.read(start, length)) == whole[start : start + length]
