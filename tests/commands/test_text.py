from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpz.commands.text import counted, shown, shown_path
from rpz.packer.sizes import human_size


@given(st.binary(max_size=50))
def test_whatever_is_shown_is_printable(name):
    assert shown_path(name).isprintable()


def test_plain_text_is_shown_as_it_is():
    assert shown("é a") == "é a"
    assert shown("a\n\x1b\udcff") == "a\\n\\x1b\\xff"


def test_things_are_counted():
    assert [counted(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.00 kB"), (43210, "43.2 kB"),
        (999_499, "999 kB"), (999_500, "1.00 MB"), (1_530_000_000, "1.53 GB"),
    ],
)  # fmt: skip
def test_sizes_have_three_figures(count, text):
    assert human_size(count) == text
