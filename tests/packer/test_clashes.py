from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rpz.packer.clashes import clashes, folded


def test_names_that_differ_by_case_only():
    paths = {b"/a/x", b"/a/X", b"/b", b"/c/\xff", b"/c/\xfe", "/d/É".encode(), "/d/é".encode()}
    assert clashes(paths) == ((b"/a/X", b"/a/x"), ("/d/É".encode(), "/d/é".encode()))


def test_none_of_them_need_be_in_lower_case():
    assert clashes([b"/Ab", b"/aB", b"/AB"]) == ((b"/Ab", b"/AB"), (b"/aB", b"/AB"))


def test_what_is_below_two_such_folders_is_not_named():
    assert clashes({b"/A", b"/A/x", b"/a", b"/a/x"}) == ((b"/A", b"/a"),)


names = st.text("aAbBéÉ/", min_size=1, max_size=4).map(lambda s: b"/" + s.strip("/").encode())


@given(st.sets(names))
def test_every_clash_is_found(paths):
    """As long as each path's folder is a path as well, which it is in a pack."""
    complete = set()
    for path in paths:
        parts = [p for p in path.split(b"/") if p]
        complete |= {b"/" + b"/".join(parts[: i + 1]) for i in range(len(parts))}
    assert bool(clashes(complete)) == (len({folded(p) for p in complete}) < len(complete))
