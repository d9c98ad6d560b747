"""Packages of a conda environment: ``conda-meta`` has a JSON file for each, with its files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rpz.packer.config.model import Package
from rpz.packer.packages.claims import Claim, packages
from rpz.packer.packages.folders import Marker, json_of, name_of, roots_of, word
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "conda"
FOLDER = b"conda-meta"


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    claims: list[Claim] = []
    for root, inside in Marker(FOLDER).roots(paths).items():
        claims += _claims(root, set(inside))
    return packages(claims)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; one that is here in another version has none."""
    above = Marker(FOLDER).above
    for package in some:
        roots = roots_of(package, above)
        records = ((root, record) for root in roots for _, record in _records(root))
        yield (
            package,
            [
                name
                for root, record in records
                if (word(record.get("name")), word(record.get("version")))
                == (package.name, package.version)
                for name in _files(root, record)
            ],
        )


def _claims(root: bytes, wanted: set[bytes]) -> Iterator[Claim]:
    for path, record in _records(root):
        if own := [name for name in (path, *_files(root, record)) if name in wanted]:
            package = _package(record)
            yield from ((name, package) for name in own)


def _records(root: bytes) -> Iterator[tuple[bytes, dict[str, Any]]]:
    folder = os.path.join(root, FOLDER)
    for name in sorted(os.listdir(folder)):
        if not name.endswith(b".json"):
            continue
        path = os.path.join(folder, name)
        record = json_of(path)
        if isinstance(record, dict) and word(record.get("name")):
            yield path, record


def _files(root: bytes, record: dict[str, Any]) -> list[bytes]:
    names = record.get("files")
    if not isinstance(names, list):
        return []
    return [os.path.join(root, name) for name in map(name_of, names) if name]


def _package(record: dict[str, Any]) -> Package:
    name, version, subdir = (word(record.get(key)) for key in ("name", "version", "subdir"))
    channel = word(record.get("channel")).rstrip("/").removesuffix(f"/{subdir}")
    return Package(
        name,
        version,
        (),
        size=_size(record),
        manager=NAME,
        purl=purl(
            "conda",
            name,
            version,
            build=word(record.get("build")),
            channel=channel.rpartition("/")[2],
            subdir=subdir,
        ),
    )


def _size(record: dict[str, Any]) -> int | None:
    data = record.get("paths_data")
    paths = data.get("paths") if isinstance(data, dict) else None
    entries = paths if isinstance(paths, list) else []
    sizes = [entry.get("size_in_bytes") for entry in entries if isinstance(entry, dict)]
    return sum(size for size in sizes if isinstance(size, int)) if sizes else None
