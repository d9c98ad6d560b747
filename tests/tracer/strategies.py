"""Hypothesis strategies for records: any that the format can hold."""

from typing import get_type_hints

from hypothesis import strategies as st

from rpz.tracer import records
from rpz.tracer.records import RECORDS, Record, u32, u64

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
STRING = st.binary(max_size=40)
LIST = st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\0", b"")), max_size=4).map(tuple)
_FIELDS = {u32: U32, u64: U64, bytes: STRING, tuple[bytes, ...]: LIST}


def record_of(kind: type[Record]) -> st.SearchStrategy[Record]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: _FIELDS[hint] for name, hint in hints.items()})


def any_record() -> st.SearchStrategy[Record]:
    return st.one_of(*(record_of(kind) for kind in RECORDS))


NUMBER = st.integers(0, 4)
PATH = st.one_of(STRING.map(lambda b: b"/" + b.replace(b"\0", b"")), STRING)


def _small(kind: type[Record]) -> st.SearchStrategy[Record]:
    hints = get_type_hints(kind)
    string = PATH if kind is records.PathName else STRING
    known = {u32: NUMBER, u64: U64, bytes: string, tuple[bytes, ...]: LIST}
    return st.builds(kind, **{name: known[hint] for name, hint in hints.items()})


def related_records() -> st.SearchStrategy[list[Record]]:
    """Streams whose few numbers often mean something, in any order, rightly or wrongly."""
    start = st.builds(
        lambda run, process, path, execution: [run, process, path, execution],
        _small(records.Run),
        _small(records.Process),
        _small(records.PathName),
        _small(records.Exec),
    )
    rest = st.lists(st.one_of(*(_small(kind) for kind in RECORDS)), max_size=12)
    return st.one_of(rest, st.builds(list.__add__, start, rest))
