"""Values of parameters, and filters that anybody may write."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.provenance.catalog.database import Catalog
from rpz.provenance.catalog.filters import FilterError, Filters
from rpz.provenance.catalog.numbers import compare, plain
from rpz.provenance.catalog.rows import runs


@given(st.decimals(allow_nan=False, allow_infinity=False), st.integers())
def test_numbers_are_compared_as_numbers(one, other):
    expected = (one > other) - (one < other)
    assert compare(str(one).encode(), str(other).encode()) == expected


@pytest.mark.parametrize("text", [b"", b"nan", b"inf", b"1_0", b"0x1", b"1 2", b"\xff", b"1\n"])
def test_what_is_no_number(text):
    assert compare(text, b"1") is None


@pytest.mark.parametrize(("value", "found"), [
    (b"2.50", 2.5),
    (b"-3", -3),
    (b"1e3", 1000.0),
    (b"007", "007"),
    (b"12345678901234567890", "12345678901234567890"),
    (b"1e999", "1e999"),
    (b"true", "true"),
    (b"\xff", "\udcff"),
])  # fmt: skip
def test_values_for_tables(value, found):
    assert plain(value) == found
    assert type(plain(value)) is type(found)


def test_digits_count():
    assert compare(b"0.1", b"0.10") == 0
    assert compare(b"12345678901234567890", b"12345678901234567891") == -1
    assert compare(b"1e-400", b"0") == 1
    assert Decimal(0) == Decimal("0e9")


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(where=TEXT, date=TEXT, word=TEXT, status=TEXT, ids=TEXT)
def test_a_filter_is_understood_or_refused(where, date, word, status, ids):
    with Catalog.temporary() as catalog:
        for asked in (
            Filters(where=[where]),
            Filters(where=[f"a={where}"]),
            Filters(where=[f"{where}~{word}"]),
            Filters(since=date, until=date),
            Filters(words=[word], program=word, host=word, user=word, tags=[word]),
            Filters(status=status),
            Filters(ids=[ids]),
        ):
            with contextlib.suppress(FilterError):
                assert list(runs(catalog, asked)) == []
