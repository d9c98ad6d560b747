"""What package managers ask of many paths at once is what they would find path by path."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rpz.packer.packages.folders import Marker
from rpz.packer.packages.paths import Paths, folders_of, with_parts
from tests.packer.packages.layout import lay, raw

PARTS = (b"/a/", b"/b/")
paths = st.sets(
    st.lists(st.sampled_from([b"a", b"b", b"ab", b"\xff\n"]), min_size=1, max_size=4).map(
        lambda names: b"/" + b"/".join(names)
    )
)


@given(paths, paths)
def test_paths_with_parts(some, taken):
    expected = {path for path in some if any(part in path for part in PARTS)}
    assert set(with_parts(some, *PARTS)) == expected
    left = Paths(some)
    assert set(with_parts(left, *PARTS)) == expected
    left -= taken
    assert set(with_parts(left, *PARTS)) == expected - taken
    assert folders_of(some) == {path.rpartition(b"/")[0] for path in some}
    assert folders_of(left) >= folders_of(some - taken)


def test_the_nearest_folder_with_a_mark(tmp_path):
    names = ("mark", "x", "deep/er/y", "inner/mark", "inner/z")
    marked = tmp_path / "marked"
    lay(marked, dict.fromkeys(names, ""))
    (outside,) = lay(tmp_path, {"w": ""})
    roots = Marker(b"mark").roots([*(raw(marked / name) for name in names), raw(outside)])
    assert roots == {
        raw(marked): [raw(marked / name) for name in names[:3]],
        raw(marked / "inner"): [raw(marked / name) for name in names[3:]],
    }
    assert Marker(b"mark").roots([raw(outside)]) == {}
