from __future__ import annotations

import tarfile

from hypothesis import given
from hypothesis import strategies as st

from rpz.packer.archive.blockheader import header_bytes
from rpz.packer.archive.headers import Header

TIMES = st.one_of(
    st.integers(-(10**19), 10**20),
    st.integers(0, 8**11).map(lambda seconds: seconds * 10**9),
    st.integers(0, 2 * 10**18),
)
LONG = st.integers(1, 400).map(lambda length: "x" * length)
NAMES = st.one_of(LONG, st.text("abé\n\udcff /.=", max_size=20), LONG.map(lambda n: n + "é"))
KINDS = st.sampled_from((tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE))


@st.composite
def headers(draw):
    info = Header(b"/" + draw(NAMES).encode("utf-8", "surrogateescape"))
    info.type = draw(KINDS)
    info.linkname = draw(st.one_of(st.just(""), NAMES))
    info.mode = draw(st.integers(0, 0o7777))
    info.uid, info.gid = draw(st.integers(0, 8**7)), draw(st.integers(0, 2**32))
    info.size = draw(st.one_of(st.integers(0, 8**11 + 1), st.just(1 << 50)))
    info.set_time(draw(TIMES))
    return info


@given(headers())
def test_headers_are_those_of_tarfile(info):
    assert header_bytes(info) == info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def test_names_of_all_lengths():
    for length in range(1, 1100):
        info = Header(b"/" + b"x" * length)
        info.set_time(length)
        assert header_bytes(info) == info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
