"""What a pack knows of its packages beyond ReproZip's ``config.yml``: a JSON file beside that.

ReproZip refuses a key of a package that it doesn't know.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rpz.packer.config.model import Extent

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.packer.config.model import Config, Package

KEYS = ("name", "version", "manager", "purl", "extent")


def identities(config: Config) -> bytes:
    """Return the file: a list of objects, one a package, in the order of the configuration."""
    listed = [dict(zip(KEYS, _values(package), strict=True)) for package in config.packages]
    return (json.dumps(listed, indent=1) + "\n").encode()


def saved_identities(config: Config, folder: Path) -> Path:
    """Write the file into a folder; return its path."""
    path = folder / "packages.json"
    path.write_bytes(identities(config))
    return path


def with_identities(config: Config, data: bytes) -> Config:
    """Return a configuration with what the file says of its packages, as far as it is of them."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return config
    if not isinstance(said, list) or len(said) != len(config.packages):
        return config
    packages = (_told(p, entry) for p, entry in zip(config.packages, said, strict=True))
    return replace(config, packages=tuple(packages))


def _values(package: Package) -> tuple[str, ...]:
    return package.name, package.version, package.manager, package.purl, package.extent.value


def _told(package: Package, entry: Any) -> Package:
    if not isinstance(entry, dict) or any(not isinstance(entry.get(key), str) for key in KEYS):
        return package
    if (entry["name"], entry["version"]) != (package.name, package.version):
        return package
    extents = {extent.value: extent for extent in Extent}
    extent = extents.get(entry["extent"], package.extent)
    return replace(package, manager=entry["manager"], purl=entry["purl"], extent=extent)
