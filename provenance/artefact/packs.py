"""A pack as an artefact: pushed with what goes beside it, and pulled again."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpz.provenance.artefact.errors import ArtefactError
from rpz.provenance.artefact.registry import (
    INDEX,
    MANIFEST,
    Registry,
    Upload,
    digest_of,
    encoded,
)
from rpz.provenance.beside import check_name, companions
from rpz.provenance.publication.storage import read_publication
from rpz.provenance.signatures.signing import check_fits
from rpz.provenance.web.body import no_progress
from rpz.provenance.web.checksum import checksum

if TYPE_CHECKING:
    from rpz.provenance.beside import Companion
    from rpz.provenance.publication.model import Publication
    from rpz.provenance.web.body import Begin

log = logging.getLogger(__name__)

ARTEFACT = "application/vnd.rpz.pack.v1"
PACK = "application/vnd.rpz.pack.v1+tar"
EMPTY, NOTHING = "application/vnd.oci.empty.v1+json", b"{}"
TITLE = "org.opencontainers.image.title"
"""The annotation by which clients name the file that they write."""
CITED = ("title", "authors")
DOCKER = "application/vnd.docker.distribution.manifest"
ANY = f"{MANIFEST}, {INDEX}, {DOCKER}.v2+json, {DOCKER}.list.v2+json"
"""All that a tag may name: registries say of what isn't asked for that it isn't there."""


@dataclass(frozen=True)
class Pushed:
    """What is in the registry now: the manifest's digest, and the names of what is attached."""

    digest: str
    attached: tuple[str, ...]


def push(
    registry: Registry, pack: Path, begin: Begin | None = None, *, overwrite: bool = False
) -> Pushed:
    """Store a pack under its tag, with what goes beside it attached.

    Raises:
        RpzError: no registry takes its name.
        SignatureError: the pack has a signature of something else.
        ArtefactError: the tag names something else, and no ``overwrite``.
        WebError: the registry can't be reached, or refuses.

    """
    check_name(pack)
    check_fits(pack)
    publication = read_publication(pack)
    advance = begin(pack.stat().st_size) if begin else no_progress
    layer = _described(pack, PACK, pack.name)
    document = _artefact(ARTEFACT, layer) | {"annotations": _annotations(publication)}
    if not overwrite:
        _refuse_other(registry, document)
    with tempfile.TemporaryDirectory() as folder:
        _store(registry, pack, layer, Path(folder), advance)
        name = digest_of(encoded(document))
        registry.put_manifest(document, registry.where.version)
        subject = {"mediaType": MANIFEST, "digest": name, "size": len(encoded(document))}
        beside = _companions(pack, publication, Path(folder))
        for companion in beside:
            _attach(registry, companion, subject, Path(folder))
    return Pushed(name, tuple(companion.name for companion in beside))


def _refuse_other(registry: Registry, document: dict[str, Any]) -> None:
    """Check that a tag is free, or names this already."""
    if registry.manifest(registry.where.version, ANY) not in (None, document):
        raise ArtefactError(
            f"{registry.where} is something else already",
            "Choose another tag, or replace it with --overwrite",
        )


def _companions(pack: Path, publication: Publication, folder: Path) -> list[Companion]:
    """Return what goes beside a pack, where enough is told to make it."""
    if all(getattr(publication, name) for name in CITED):
        return companions(pack, folder)
    log.info("Nothing is attached that tells whose it is: nothing is told (rpz meta)")
    return []


def _annotations(publication: Publication) -> dict[str, str]:
    """Return what is told of a pack, by the names that OCI gives."""
    told = {
        "org.opencontainers.image.description": publication.title,
        "org.opencontainers.image.authors": ", ".join(a.name for a in publication.authors),
        "org.opencontainers.image.licenses": publication.licence,
        "org.opencontainers.image.version": publication.version,
        "org.opencontainers.image.url": publication.doi_url,
    }
    return {name: value for name, value in told.items() if value}


def _described(path: Path, kind: str, name: str) -> dict[str, Any]:
    """Return what describes a file in a manifest."""
    digest, size = f"sha256:{checksum(path, 'sha256')}", path.stat().st_size
    return {"mediaType": kind, "digest": digest, "size": size, "annotations": {TITLE: name}}


def _artefact(kind: str, layer: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of one file (image specification, "Guidelines for Artifact Usage")."""
    config = {"mediaType": EMPTY, "digest": digest_of(NOTHING), "size": len(NOTHING)}
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": config,
        "layers": [layer],
    }


def _store(
    registry: Registry, path: Path, layer: dict[str, Any], folder: Path, advance: Any = no_progress
) -> None:
    """Store what the manifest of a file describes."""
    registry.put_blob(Upload(path, layer["digest"], layer["size"], advance))
    empty = folder / "empty.json"
    empty.write_bytes(NOTHING)
    registry.put_blob(Upload(empty, digest_of(NOTHING), len(NOTHING), no_progress))


def _attach(
    registry: Registry, companion: Companion, subject: dict[str, Any], folder: Path
) -> None:
    """Store a file as what refers to a pack."""
    layer = _described(companion.path, companion.media_type, companion.name)
    document = _artefact(companion.media_type, layer) | {"subject": subject}
    _store(registry, companion.path, layer, folder)
    name = digest_of(encoded(document))
    if not registry.put_manifest(document, name):
        described = {"mediaType": MANIFEST, "digest": name, "size": len(encoded(document))}
        described["artifactType"] = companion.media_type
        described["annotations"] = {TITLE: companion.name}
        _list_under(registry, str(subject["digest"]), described)


def _list_under(registry: Registry, subject: str, described: dict[str, Any]) -> None:
    """Add to the list that a registry without the referrers API doesn't keep by itself.

    Distribution specification 1.1, "Referrers Tag Schema".
    """
    tag = subject.replace(":", "-")
    found = registry.manifest(tag, INDEX) or {}
    manifests = found.get("manifests")
    title = described["annotations"][TITLE]
    others = [
        one
        for one in (manifests if isinstance(manifests, list) else [])
        if isinstance(one, dict) and (one.get("annotations") or {}).get(TITLE) != title
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*others, described]}
    registry.put_manifest(index, tag, INDEX)


@dataclass(frozen=True)
class Found:
    """A pack in a registry: its bytes' name, how many, and how the file was called."""

    digest: str
    size: int
    title: str


def find(registry: Registry) -> Found:
    """Look for the pack of a reference.

    Raises:
        ArtefactError: there is none.
        WebError: the registry can't be reached, or refuses.

    """
    document = registry.manifest(registry.where.version)
    if document is None:
        raise ArtefactError(f"There is no {registry.where}", "Is the tag right?")
    layers = document.get("layers")
    found = [
        layer
        for layer in (layers if isinstance(layers, list) else [])
        if isinstance(layer, dict) and layer.get("mediaType") == PACK
    ]
    if len(found) != 1 or not _is_descriptor(found[0]):
        raise ArtefactError(
            f"{registry.where} is no pack", "Images are run by docker, not pulled by rpz"
        )
    annotations = found[0].get("annotations")
    title = annotations.get(TITLE) if isinstance(annotations, dict) else None
    return Found(found[0]["digest"], found[0]["size"], title if isinstance(title, str) else "")


def _is_descriptor(layer: dict[str, Any]) -> bool:
    from rpz.provenance.artefact.reference import DIGEST

    name, size = layer.get("digest"), layer.get("size")
    return (
        isinstance(name, str) and bool(DIGEST.fullmatch(name)) and type(size) is int and size >= 0
    )
