"""The inputs: files that were there before, and are of no package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import Difference, with_details

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.difference import Changed
    from rpz.provenance.diff.side import Side
    from rpz.provenance.files import Content, File


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield the files that hold something else, and those that only one run read."""
    yield from with_details(one.held, list(_found(one, other)))


def _found(one: Side, other: Side) -> Iterator[tuple[Difference, Changed]]:
    for path in sorted(one.files.keys() | other.files.keys()):
        if path in one.owners or path in other.owners:
            continue
        ours, theirs = _input(one.files.get(path)), _input(other.files.get(path))
        if ours is None and theirs is None:
            continue
        if described(ours) != described(theirs):
            name = path.decode("utf-8", "surrogateescape")
            contents = (
                ours,
                ours.before if ours else None,
                theirs,
                theirs.before if theirs else None,
            )
            yield Difference(name, described(ours), described(theirs)), contents


def unrecorded(one: Side, other: Side) -> int:
    """Return of how many inputs neither run tells what they held: they may differ."""
    both = (path for path in one.files.keys() & other.files.keys() if path not in one.owners)
    files = ((_input(one.files[path]), _input(other.files[path])) for path in both)
    return sum(a is not None and b is not None and a.before is b.before is None for a, b in files)


def _input(file: File | None) -> File | None:
    return file if file is not None and file.read and not file.made else None


def described(file: File | None) -> str | None:
    """Say what a file held when it was read."""
    return None if file is None else content(file.before)


def content(held: Content | None) -> str:
    """Say what a file held."""
    return "not recorded" if held is None else f"{held.size} bytes, sha256 {held.sha256[:16]}"
