from __future__ import annotations

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rpz.packer import rows, table
from rpz.packer.archive.members import Member, Members
from rpz.packer.aside import AsideError
from rpz.packer.before import Status
from rpz.packer.rows import Aside, Rows, kept
from rpz.packer.select import Kind
from rpz.packer.table import Table

keys = st.binary(max_size=3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("set"), keys, st.integers(0, 9)),
        st.tuples(st.just("add"), keys, st.integers(0, 9)),
        st.tuples(st.just("delete"), keys, st.none()),
        st.tuples(st.just("all"), st.lists(keys, max_size=5), st.integers(0, 9)),
    ),
    max_size=30,
)


@pytest.fixture(autouse=True, scope="module")
def _small():
    """Put aside what is more than a few."""
    before = table.RECENT, rows.BATCH
    table.RECENT, rows.BATCH = 4, 3
    yield
    table.RECENT, rows.BATCH = before


@given(steps)
def test_a_table_is_a_sorted_dict(happened):
    found, expected = Table(), {}
    for step, key, value in happened:
        if step == "set":
            found[key] = expected[key] = value
        elif step == "add":
            assert found.add(key, value) == (key not in expected)
            expected.setdefault(key, value)
        elif step == "delete":
            del found[key]
            expected.pop(key, None)
        else:
            found.add_all((one, value) for one in key)
            expected = {**dict.fromkeys(key, value), **expected}
        assert found.get(b"a") == expected.get(b"a")
        assert (b"b" in found) == (b"b" in expected)
    assert list(found) == sorted(expected)
    assert list(found.stream()) == [expected[key] for key in sorted(expected)]
    assert (len(found), bool(found), dict(found)) == (len(expected), bool(expected), expected)


def test_what_a_table_lacks():
    with pytest.raises(KeyError):
        Table()[b"a"]


@given(st.lists(st.integers()), st.integers(0, 5))
def test_rows_are_a_list(elements, index):
    numbers = Rows(str, int, Aside())
    numbers.extend(elements)
    assert list(numbers) == elements
    assert numbers == elements
    assert numbers == kept(elements, str, int)
    assert numbers != [*elements, 1]
    assert len(numbers) == len(elements)
    assert numbers[1:] == tuple(elements[1:])
    if index < len(elements):
        assert numbers[index] == elements[index]


@pytest.fixture
def no_room():
    """Files may have 64 KiB at most."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("no_room")
def test_a_full_disk_is_told():
    with pytest.raises(AsideError, match="can't be written"):
        Table().add_all((b"%09d" % number, None) for number in range(100_000))
    with pytest.raises(AsideError, match="can't be written"):
        kept(range(100_000), str, int)


paths = st.lists(
    st.sampled_from([b"a", b"b", b"a-", b"\x01", b"\xff"]), min_size=1, max_size=4
).map(lambda parts: b"/" + b"/".join(parts))


@given(st.sets(paths))
def test_members_come_in_the_order_of_folders(some):
    members = Members(Member(path, Kind.FILE, path) for path in some)
    members.add_parents()
    above = {
        path[:end] for path in some for end in range(1, len(path)) if path[end : end + 1] == b"/"
    }
    expected = sorted(some | above, key=lambda path: path.split(b"/"))
    assert list(members.paths) == [member.path for member in members] == expected
    assert all(path in members and path in members.paths for path in expected)
    assert b"/" not in members


@pytest.mark.parametrize("number", range(3))
def test_members_stay_as_they_are(number):
    some = [
        Member(b"/f%d" % number, Kind.FILE, b"/s", status=Status(1, 2, 3, -4)),
        Member(b"/g", Kind.LINK, None, b"x", on_the_way=True),
        *(Member(b"/h%d" % n, Kind.FOLDER, b"/h%d" % n) for n in range(9)),
    ]
    assert list(Members(some)) == some
