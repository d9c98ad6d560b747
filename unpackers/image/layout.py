"""An image as files: an OCI image layout, and what ``docker load`` looks for beside it.

Both name the same blobs, so that one archive is read by Docker, Podman and skopeo.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from rpz.unpackers.image import tarstream

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from rpz.unpackers.image import Image

BLOBS = "blobs/sha256/"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
INDEX = "application/vnd.oci.image.index.v1+json"


class Form(Enum):
    """For whom the files are."""

    BOTH = "both"
    OCI = "oci"
    DOCKER = "docker"


@dataclass(frozen=True)
class File:
    """A file of ``size`` bytes, which ``content`` yields."""

    name: str
    size: int
    content: Callable[[], Iterator[bytes]]


def files(image: Image, name: str, form: Form, without: Collection[str] = ()) -> Iterator[File]:
    """Yield the files of an image, the small ones first; ``name`` is what engines are to call it.

    ``without`` are digests of layers that the reader has.
    """
    manifest = _manifest(image)
    if form is not Form.DOCKER:
        yield _file("oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        yield _file("index.json", _index(manifest, name))
        yield _file(_blob(_digest(manifest)), manifest)
    if form is not Form.OCI:
        yield _file("manifest.json", _docker_manifest(image, name))
    yield _file(_blob(_digest(image.config)), image.config)
    written = set(without)
    for layer in image.layers:
        if layer.sha256 not in written:
            written.add(layer.sha256)
            content = layer.blocks
            yield File(_blob(layer.sha256), layer.size, lambda c=content: c(image.source))  # type: ignore[misc]


def archive(files: Iterator[File]) -> Iterator[bytes]:
    """Yield files as a tar, which is the same for the same files."""
    for folder in ("blobs", "blobs/sha256"):
        info = tarfile.TarInfo(folder)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        yield from tarstream.entry(info)
    for file in files:
        info = tarfile.TarInfo(file.name)
        info.size = file.size
        yield from tarstream.entry(info, file.content())
    yield tarstream.END


def _manifest(image: Image) -> bytes:
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(CONFIG, _digest(image.config), len(image.config)),
            "layers": [_descriptor(LAYER, layer.sha256, layer.size) for layer in image.layers],
        }
    )


def _index(manifest: bytes, name: str) -> bytes:
    described = _descriptor(MANIFEST, _digest(manifest), len(manifest))
    described["annotations"] = {
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
        "io.containerd.image.name": name,
    }
    return _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [described]})


def _docker_manifest(image: Image, name: str) -> bytes:
    described = {
        "Config": _blob(_digest(image.config)),
        "RepoTags": [name],
        "Layers": [_blob(layer.sha256) for layer in image.layers],
    }
    return _json([described])


def _descriptor(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": size}


def _blob(digest: str) -> str:
    return BLOBS + digest


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(document: object) -> bytes:
    return json.dumps(document).encode("ascii")


def _file(name: str, data: bytes) -> File:
    return File(name, len(data), lambda: iter([data]))


def repository(name: str) -> str:
    """Return a name as engines allow them in a repository."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "experiment"
