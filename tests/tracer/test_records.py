from __future__ import annotations

import contextlib
import io
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.tracer import records
from rpz.tracer.records import RECORDS
from rpz.tracer.stream import (
    HEADER,
    MAGIC,
    RECORD,
    VERSION,
    RecordStreamError,
    RecordWriter,
    read_records,
)
from tests.tracer.strategies import any_record, record_of

EXAMPLES = [
    records.Run(1, 2, 0o22, 0, b"/folder", (b"command", b"", b"argument")),
    records.PathName(2, 1, b"/a\n\xff"),
    records.Process(3, 1, 0, 4321, 0),
    records.Exec(4, 1, 1, 1, 0, (b"command",), (b"A=b", b"odd")),
    records.File(5, 1, 1, 3, 2),
    records.Link(5, 1, 0, b"../target"),
    records.Rename(5, 1, 1, 1, 1),
    records.Remove(5, 1, 1, 0, 0),
    records.Connection(5, 1, 1, 0, 0, b"\x01\x00/socket"),
    records.Absent(5, 1, 1),
    records.Listing(5, 1, 1, (b"ffile", b"dfolder")),
    records.Snapshot(5, 1, 1, 1, 1, 0o100644, 1, 0, 0, 2049, 3, 4, 5, 6),
    records.Warn(5, 1, 0, b"text"),
    records.Traffic(5, 1, 0, 7, 8),
    records.Random(5, 1, 0, 16),
    records.Exit(6, 1, 0x109, 1, 2, 3),
    records.Ways(6, 1, 2, 3, 4, 5, 6, 0),
    records.End(6, 7, 0x109, 0),
]
"""A record of each type."""


def stream_of(*content: records.Record) -> bytes:
    file = io.BytesIO()
    writer = RecordWriter(file)
    for record in content:
        writer.write(record)
    return file.getvalue()


def read(data: bytes) -> list[records.Record]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return list(read_records(Path(file.name)))


def read_until_damage(data: bytes) -> list[records.Record]:
    """Read what there is to read; RecordStreamError is the only way to fail."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        found = []
        with contextlib.suppress(RecordStreamError):
            found.extend(read_records(Path(file.name)))
        return found


@pytest.mark.parametrize("kind", RECORDS)
def test_every_type_comes_back_as_it_was(kind: type[records.Record]) -> None:
    @given(record_of(kind))
    @settings(max_examples=50)
    def check(record: records.Record) -> None:
        assert read(stream_of(record)) == [record]

    check()


@given(st.lists(any_record(), max_size=8))
@settings(max_examples=50)
def test_a_stream_comes_back_in_order(content: list[records.Record]) -> None:
    assert read(stream_of(*content)) == content


def test_types_are_numbered_as_in_the_format() -> None:
    assert [records.TYPES[record] for record in RECORDS] == list(range(1, 19))


def test_there_is_an_example_of_each_type() -> None:
    assert {type(record) for record in EXAMPLES} == set(RECORDS)


def test_bytes_of_a_record() -> None:
    """The format itself, so that reader and writer can't be wrong together."""
    written = stream_of(records.PathName(0x1122, 7, b"/ab"))
    assert written[:16] == b"RPZREC\r\n\x01\x00" + bytes(6)
    assert written[16:] == (
        b"\x20\x00\x00\x00"  # size
        b"\x02\x00\x00\x00"  # type
        b"\x22\x11\x00\x00\x00\x00\x00\x00"  # time
        b"\x07\x00\x00\x00"  # path
        b"\x03\x00\x00\x00/ab"  # string
        b"\x00\x00\x00\x00\x00"  # padding
    )


def test_a_list_keeps_empty_elements_and_emptiness() -> None:
    for argv in ((), (b"",), (b"", b"", b"a")):
        record = records.Run(0, 0, 0, 0, b"/", argv)
        assert read(stream_of(record)) == [record]


def test_a_stream_cut_at_every_byte_is_a_prefix() -> None:
    whole = stream_of(*EXAMPLES)
    for size in range(len(whole)):
        found = read_until_damage(whole[:size])
        assert found == EXAMPLES[: len(found)]
    assert len(read_until_damage(whole[:-8])) == len(EXAMPLES) - 1


def test_a_file_grown_ahead_ends_at_the_first_zero_size() -> None:
    """As after a SIGKILL of the engine."""
    assert read(stream_of(*EXAMPLES) + bytes(4096)) == EXAMPLES
    assert read(stream_of(*EXAMPLES) + bytes(11)) == EXAMPLES


def test_a_record_whose_size_is_not_yet_written_does_not_count() -> None:
    whole = bytearray(stream_of(*EXAMPLES))
    last = len(whole) - len(stream_of(EXAMPLES[-1])) + HEADER.size
    whole[last : last + 4] = bytes(4)
    assert read(bytes(whole)) == EXAMPLES[:-1]


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4))
@settings(max_examples=200)
def test_flipped_bits_are_never_a_traceback(flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(stream_of(*EXAMPLES))
    for place, bits in flips:
        damaged[place % len(damaged)] ^= bits
    read_until_damage(bytes(damaged))


def test_each_flipped_bit_is_never_a_traceback() -> None:
    whole = stream_of(*EXAMPLES)
    for place in range(len(whole) * 8):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        read_until_damage(bytes(damaged))


@given(st.integers(0, 20), st.integers(0, 40), st.binary(max_size=300))
@settings(max_examples=300)
def test_any_content_of_a_record_is_never_a_traceback(kind: int, size: int, body: bytes) -> None:
    """Behind a header that is as it should be."""
    body = body[: size * 8].ljust(size * 8, b"\xff")
    header = RECORD.pack(RECORD.size + len(body), kind, 0, 5)
    read_until_damage(stream_of(EXAMPLES[0]) + header + body)


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_random_bytes_are_never_a_traceback(data: bytes) -> None:
    read_until_damage(data)
    read_until_damage(stream_of() + data)


def test_an_empty_file_has_no_records() -> None:
    assert read(b"") == []


def test_unknown_types_are_skipped() -> None:
    unknown = RECORD.pack(RECORD.size + 8, 999, 0, 5) + b"whatever"
    start, end = stream_of(EXAMPLES[0]), stream_of(EXAMPLES[-1])[HEADER.size :]
    assert read(start + unknown + end) == [EXAMPLES[0], EXAMPLES[-1]]


def test_a_newer_version_is_refused() -> None:
    newer = HEADER.pack(MAGIC, VERSION + 1) + stream_of(*EXAMPLES)[HEADER.size :]
    with pytest.raises(RecordStreamError, match=r"version 2, this rpz reads up to 1\. Upgrade"):
        read(newer)


@pytest.mark.parametrize(
    "start", [b"SQLite format 3\0", b"RPZREC\n\n\x01" + bytes(7), b"RPZREC\r\n"]
)
def test_another_format_is_refused(start: bytes) -> None:
    with pytest.raises(RecordStreamError, match="is not a record stream of rpz"):
        read(start)


@pytest.mark.parametrize("size", [8, 12, 17, 25, 4096])
def test_an_impossible_size_is_damage(size: int) -> None:
    damaged = bytearray(stream_of(*EXAMPLES))
    struct.pack_into("<I", damaged, HEADER.size, size)
    with pytest.raises(RecordStreamError, match=f"damaged at byte 16: a record of {size} bytes"):
        read(bytes(damaged))


def test_a_string_longer_than_its_record_is_damage() -> None:
    damaged = bytearray(stream_of(records.PathName(0, 1, b"/a")))
    struct.pack_into("<I", damaged, HEADER.size + RECORD.size + 4, 2**32 - 1)
    with pytest.raises(RecordStreamError, match="damaged at byte 16: string longer"):
        read(bytes(damaged))


def test_a_stream_of_which_nothing_reached_the_disk_is_empty(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(bytes(4096))
    assert list(read_records(tmp_path / "s")) == []
