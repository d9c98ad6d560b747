"""Packages of a conda environment: ``conda-meta`` has a JSON file for each, with its files."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rpz.packer.config.model import Package
from rpz.packer.packages.claims import Claim, packages
from rpz.packer.packages.folders import Marker, content_of
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "conda"
FOLDER = b"conda-meta"


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    above = Marker(FOLDER + b"/history").above
    environments: dict[bytes, set[bytes]] = defaultdict(set)
    for path in paths:
        if root := above(path):
            environments[root].add(path)
    claims: list[Claim] = []
    for root, inside in environments.items():
        claims += _claims(root, inside)
    return packages(claims)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Yield packages with all their files; one that is here in another version has none."""
    above = Marker(FOLDER + b"/history").above
    for package in some:
        roots = {root for path in package.files if (root := above(bytes(path)))}
        records = ((root, record) for root in roots for _, record in _records(root))
        yield (
            package,
            [
                name
                for root, record in records
                if (record["name"], record["version"]) == (package.name, package.version)
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
        try:
            record = json.loads(content_of(path))
        except ValueError:
            continue
        if isinstance(record, dict) and {"name", "version"} <= record.keys():
            yield path, record


def _files(root: bytes, record: dict[str, Any]) -> list[bytes]:
    return [os.path.join(root, os.fsencode(name)) for name in record.get("files", ())]


def _package(record: dict[str, Any]) -> Package:
    name, version = str(record["name"]), str(record["version"])
    sizes = [
        path.get("size_in_bytes") or 0 for path in record.get("paths_data", {}).get("paths", ())
    ]
    channel = str(record.get("channel") or "").rstrip("/").removesuffix(f"/{record.get('subdir')}")
    return Package(
        name,
        version,
        (),
        size=sum(sizes) if sizes else None,
        manager=NAME,
        purl=purl(
            "conda",
            name,
            version,
            build=str(record.get("build") or ""),
            channel=channel.rpartition("/")[2],
            subdir=str(record.get("subdir") or ""),
        ),
    )
