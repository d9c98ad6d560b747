"""The packages whose files were used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import Difference, mapping_differences
from rpz.provenance.diff.inputs import described
from rpz.provenance.diff.programs import interpreters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rpz.provenance.diff.side import Side
    from rpz.provenance.installed import Installed

GIT = "git"
"""Working trees are compared as code."""
DISTRIBUTIONS = ("", "dpkg", "rpm")
MOST = 10
"""Files of a package that are named."""


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield packages of another version, and those of the same whose files were edited."""
    yield from interpreters(one, other)
    plain = not all(package.manager for side in (one, other) for package in side.packages)
    name_of = _plain_name if plain else _name
    ours, theirs = _versions(one, name_of), _versions(other, name_of)
    if plain:  # ReproZip misses some, so that only those of both can be compared
        both = ours.keys() & theirs.keys()
        ours, theirs = ({name: of[name] for name in both} for of in (ours, theirs))
    yield from mapping_differences(ours, theirs)
    edited: dict[str, list[str]] = {}
    for path in sorted(one.files.keys() & other.files.keys()):
        package = one.owners.get(path)
        if package is None or path not in other.owners or package.manager == GIT:
            continue
        name = name_of(package)
        if name in ours and ours[name] == theirs.get(name) and _differs(one, other, path):
            edited.setdefault(name, []).append(path.decode("utf-8", "surrogateescape"))
    for name, paths in edited.items():
        more = [f"and {len(paths) - MOST} more"] if len(paths) > MOST else []
        files = "1 file" if len(paths) == 1 else f"{len(paths)} files"
        detail = "\n".join(paths[:MOST] + more)
        yield Difference(name, ours[name], f"{theirs[name]}, with {files} changed", detail)


def _versions(side: Side, name_of: Callable[[Installed], str]) -> dict[str, str]:
    found = (package for package in side.packages if package.manager != GIT)
    return {name: package.version for package in found if (name := name_of(package))}


def _name(package: Installed) -> str:
    return f"{package.name} ({package.manager})" if package.manager else package.name


def _plain_name(package: Installed) -> str:
    """Return a name as ReproZip has it, which knows packages of distributions only."""
    return package.name.partition(":")[0] if package.manager in DISTRIBUTIONS else ""


def _differs(one: Side, other: Side, path: bytes) -> bool:
    ours, theirs = one.files[path], other.files[path]
    return bool(ours.before and theirs.before) and described(ours) != described(theirs)
