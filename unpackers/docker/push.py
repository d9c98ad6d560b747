"""Give an engine's image to a registry, as the engine itself does."""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING

from docker.errors import ImageNotFound
from docker.utils import parse_repository_tag

from rpz.unpackers.errors import DockerError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

log = logging.getLogger(__name__)

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?:oci://)?(?P<name>(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))"
    rf"(?::\d{{1,5}})?/{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})?)"
)
"""An image's name with the registry's host, as the OCI distribution specification has it."""


def checked(text: str) -> str:
    """Return the name of an image in a registry, without ``oci://``.

    Raises:
        TargetError: it has another form.

    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise TargetError(
            f"{text!r} is no place in a registry",
            "ghcr.io/jane/figure1:v1 is one; names are in small letters",
        )
    return found["name"]


def push(engine: APIClient, image: str, place: str) -> str:
    """Have an engine push one of its images; return what it is called by its digest.

    The name and password are those of ``docker login``. The engine forgets the other name then.

    Raises:
        DockerError: the registry didn't take it.

    """
    repository, tag = parse_repository_tag(place)
    tag = tag or "latest"
    with _named(engine, image, repository, tag):
        digest = _pushed(engine, repository, tag)
    return f"{repository}@{digest}" if digest else f"{repository}:{tag}"


@contextlib.contextmanager
def _named(engine: APIClient, image: str, repository: str, tag: str) -> Iterator[None]:
    """Give an image another name for a while; what was called so before is so again."""
    name, before = f"{repository}:{tag}", ""
    with contextlib.suppress(ImageNotFound):
        before = engine.inspect_image(name)["Id"]  # type: ignore[no-untyped-call]
    engine.tag(image, repository, tag)
    try:
        yield
    finally:
        with contextlib.suppress(ImageNotFound):
            if before:
                engine.tag(before, repository, tag)
            else:
                engine.remove_image(name, noprune=True)


def _pushed(engine: APIClient, repository: str, tag: str) -> str:
    digest = ""
    for line in engine.push(repository, tag=tag, stream=True, decode=True):
        if error := line.get("error"):
            host = repository.partition("/")[0]
            raise DockerError(
                f"The registry didn't take the image: {str(error).strip().rstrip('.')}",
                f"If it wants to know who asks: docker login {host}",
            )
        digest = (line.get("aux") or {}).get("Digest") or digest
    return digest
