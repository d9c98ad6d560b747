"""Give an image to an engine, as a stream, without what the engine has already."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
from typing import TYPE_CHECKING, Any, cast

from docker.errors import APIError, ImageNotFound

from rpz.unpackers.errors import DockerError
from rpz.unpackers.image import layout, tarstream

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from docker import APIClient

    from rpz.unpackers.image import Image

log = logging.getLogger(__name__)

LABEL = "rpz.pack_id"
TRIES = 5
"""How often an image is given that another rpz, which destroys its target, takes away again."""


def new_name(folder: str) -> str:
    """Return a name for the image of a target, which no other target has."""
    return f"rpz/{layout.repository(folder)}:{secrets.token_hex(4)}"


def give(engine: APIClient, image: Image, name: str) -> None:
    """Have an engine load an image and call it ``name``; an image that it has gets one name more.

    Images of the same pack are one, which may go at any moment: with the last of its other names.

    Raises:
        DockerError: the engine didn't take it.

    """
    for _ in range(TRIES):
        with contextlib.suppress(ImageNotFound):
            _give(engine, image, name)
            return
    raise DockerError(
        f"The Docker engine lost the image {name} as soon as it had it", "Unpack it again"
    )


def _give(engine: APIClient, image: Image, name: str) -> None:
    with contextlib.suppress(ImageNotFound):
        _inspected(engine, image.id)
        log.debug("The engine has the image already")
        repository, _, tag = name.rpartition(":")
        engine.tag(image.id, repository, tag)
        return
    known = _known_layers(engine, image)
    if known:
        log.debug("The engine has %d of %d layers already", len(known), len(image.layers))
        with contextlib.suppress(APIError, DockerError, ImageNotFound):
            _load(engine, image, name, known)
            return
    _load(engine, image, name)


def _load(engine: APIClient, image: Image, name: str, without: Collection[str] = ()) -> None:
    files = layout.files(image, name, layout.Form.DOCKER, without)
    answer = cast("Any", engine).load_image(tarstream.in_blocks(layout.archive(files)))
    _check(answer)
    _inspected(engine, name)


def _known_layers(engine: APIClient, image: Image) -> frozenset[str]:
    """Return the digests of the lowest layers that another image of ours has as well.

    Engines know a layer by those below it.
    """
    ours = [f"sha256:{layer.sha256}" for layer in image.layers]
    most = 0
    for found in engine.images(filters={"label": LABEL}):
        theirs = _layers(engine, found["Id"])
        same = (one == other for one, other in zip(ours, theirs, strict=False))
        most = max(most, next((n for n, equal in enumerate(same) if not equal), len(theirs)))
    return frozenset(layer.sha256 for layer in image.layers[: min(most, len(ours) - 1)])


def _layers(engine: APIClient, name: str) -> Sequence[str]:
    """Return the digests of an image's layers; none, if it has gone since it was listed."""
    with contextlib.suppress(ImageNotFound):
        return _inspected(engine, name)["RootFS"].get("Layers") or ()
    return ()


def _inspected(engine: APIClient, name: str) -> dict[str, Any]:
    """Return what an engine knows of an image; raise ImageNotFound if it has none."""
    return cast("dict[str, Any]", cast("Any", engine).inspect_image(name))


def _check(answer: Iterator[object]) -> None:
    """Find the failure in what the engine reports, an object for each event."""
    for message in answer:
        found = json.loads(message) if isinstance(message, (str, bytes)) else message
        if isinstance(found, dict) and "error" in found:
            raise DockerError(f"The Docker engine didn't take the image: {found['error']}")
