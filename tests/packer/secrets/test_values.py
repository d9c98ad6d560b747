"""Which values look like secrets where the name may be one's."""

from __future__ import annotations

import pytest

from rpz.packer.secrets.values import looks_random

KEY = b"Zm9vYmFyL2Jhei9xdXV4+1234567890abcdefABCDEF/ghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ=="


@pytest.mark.parametrize(
    "value",
    [
        b"0123456789abcdef0123456789abcdef01234567", b"k9f3Xq81Lz", b"9f8e7d6c", KEY, KEY[:-2],
        b"/" + KEY, b"abcdefgh-12ab34cd", b"session=9f8e7d6c5b; theme=dark", b"s3cr3tk3y",
        b"abcdefghijklmnop1",
    ],
)  # fmt: skip
def test_random(value):
    assert looks_random(value)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"2", b"x", b"*.csv", b"sample_*_1a2b3c4d", b"ner-large-v2", b"chr1_2345", b"1,2n",
        b"gene2symbol", b"sample01", b"id_ed25519", b"/data/a1b2c3d4/x", b"data/a1b2c3d4",
        b"v1-linux-python3.11", b"2026-11-21", b"2026-11-21T10:00", b"0x1234ABCD5678",
        b"abcdefghij", b"1234567890", b"sample [0-9]+ab12cd",
        b"~/keys/a1b2c3d4", b"theme=dark; lang=en2",
        b"/scratch/project2/Run1/results/abcdefghijklmnopq",
    ],
)  # fmt: skip
def test_not_random(value):
    assert not looks_random(value)


@pytest.mark.parametrize("value", [b"hunter22", b"correct-horse-42", b"Tr0ub4dor&3"])
def test_typed(value):
    assert looks_random(value, typed=True)


@pytest.mark.parametrize("value", [b"2", b"hunter2", b"second_pass_2", b"*.csv2222", b"/a/b2/c34"])
def test_not_typed(value):
    assert not looks_random(value, typed=True)
