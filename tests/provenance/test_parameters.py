"""Parameters, as arguments and parameter files set them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpz.provenance.parameters import MOST, of_arguments, of_file

REPEATED = b"a0: &a0 [x]\n" + b"".join(
    b"a%d: &a%d [%b]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)
)
"""A list of 31 thousand million elements."""


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["python", "a.py", "data.csv"], []),
        (["a.py", "--gain=2.5", "x=3"], [("gain", "2.5"), ("x", "3")]),
        (["a.py", "--gain", "2.5", "in.csv"], [("gain", "2.5")]),
        (["a.py", "--verbose", "--gain", "-1"], [("verbose", "true"), ("gain", "-1")]),
        (["a.py", "--fast"], [("fast", "true")]),
        (["a.py", "--", "--no=option"], []),
        (["make", "-j2", "CC=gcc -O0"], [("CC", "gcc -O0")]),
        (["a.py", "-k=v"], [("k", "v")]),
        (["a.py", "https://x.org/?a=b"], []),
        (["a.py", "--text=a=b\n"], [("text", "a=b\n")]),
    ],
)
def test_arguments(words, found):
    assert list(of_arguments(words)) == found


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        (b"p.json", b'{"gain": 2.5, "model": {"n": [1, 2]}}', {"gain": "2.5", "model.n": "[1, 2]"}),
        (b"p.yaml", b"gain: 2.5\nmodel: {on: no, name: a b}\n",
         {"gain": "2.5", "model.True": "false", "model.name": "a b"}),
        (b"P.YML", b"when: 2026-01-02\nnothing:\n", {"when": '"2026-01-02"', "nothing": "null"}),
        (b"p.ini", b"[model]\ngain = 2.5\n", {"model.gain": "2.5"}),
        (b"p.toml", b'title = "x"\n[model]\ngain = 2.5\n', {"title": "x", "model.gain": "2.5"}),
        (b"p.json", b"[1, 2]", {}),
        (b"p.json", b'{"gain":', {}),
        (b"p.yaml", b"&a [*a]", {}),
        (b"p.yaml", b"a: !!python/object/apply:os.system [ls]", {}),
        (b"p.json", b"[" * 100_000, {}),
        (b"p.yaml", b"[" * 60_000, {}),
        (b"p.yaml", REPEATED, {}),
        (b"p.json", b"\xff", {}),
        (b"p.ini", b"no section", {}),
        (b"p.toml", b"x = ", {}),
        (b"p.yaml", "\n".join(f"a{n}: 1" for n in range(MOST + 1)).encode(), {}),
    ],
)  # fmt: skip
def test_files(name, content, found):
    assert dict(of_file(name, content)) == found


@given(st.sampled_from([b"x.json", b"x.yaml", b"x.ini", b"x.toml"]), st.binary(max_size=200))
def test_any_file_will_do(name, content):
    for key, value in of_file(name, content):
        assert isinstance(key, str)
        assert isinstance(value, str)
