"""Packages that Spack built: a prefix each, with ``.spack/spec.json`` in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rpz.packer.config.model import Package
from rpz.packer.packages.folders import Marker, contents_in, json_of, packages_in, word
from rpz.packer.packages.purl import purl

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

NAME = "spack"
MARK = b".spack/spec.json"


def owners(paths: Collection[bytes]) -> list[Package]:
    """Return the packages that installed some of these paths, each with those of its own."""
    return packages_in(Marker(MARK).roots(paths), _read)


def contents(some: Sequence[Package]) -> Iterator[tuple[Package, list[bytes]]]:
    """Return packages with all their files."""
    return contents_in(some, Marker(MARK).above)


def _read(root: bytes) -> Package | None:
    try:
        node = _node(json_of(root + b"/" + MARK)["spec"])
        name, version = word(node["name"]), word(node["version"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration):
        return None
    # The hash tells two builds of a version apart: their options and dependencies
    url = purl("generic", name, version, "spack", hash=word(node.get("hash")))
    return Package(name, version, (), manager=NAME, purl=url)


def _node(spec: Any) -> dict[str, Any]:
    """Return the prefix's own part; its dependencies' follow. In old files names are keys."""
    if "nodes" in spec:
        return dict(spec["nodes"][0])
    name, values = next(iter(spec[0].items()))
    return {"name": name, **values}
