"""The connection to a Docker engine, and what it says when it can't, as sentences."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import docker
import requests
from docker.errors import APIError, DockerException

from rpz.unpackers.errors import DockerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient


@contextlib.contextmanager
def connected() -> Iterator[APIClient]:
    """Yield the engine that the environment names (``DOCKER_HOST``), else the local one.

    Raises:
        DockerError: it can't be reached, or refused what was asked of it inside the context.

    """
    try:
        client = docker.from_env(timeout=None)  # type: ignore[arg-type]
    except (DockerException, requests.RequestException) as error:
        raise _unreachable(error) from error
    try:
        yield client.api
    except APIError as error:
        said = str(error.explanation or error).strip().rstrip(".")
        raise DockerError(f"The Docker engine says: {said}") from error
    except (DockerException, requests.RequestException) as error:
        raise DockerError(f"The connection to the Docker engine broke: {error}") from error
    finally:
        client.close()


def _unreachable(error: BaseException) -> DockerError:
    causes = list(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return DockerError(
            "This user may not use the Docker engine",
            "Have the user added to the group docker, or run rpz as root",
        )
    if any(isinstance(cause, (FileNotFoundError, ConnectionRefusedError)) for cause in causes):
        return DockerError(
            "The Docker engine is not running",
            "Start it (systemctl start docker), or unpack with: rpz unpack chroot",
        )
    return DockerError(f"The Docker engine can't be reached: {error}".rstrip("."))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those behind it; libraries put one into the arguments of another."""
    while error is not None:
        yield error
        for argument in error.args:
            if isinstance(argument, BaseException):
                yield from _causes(argument)
        error = error.__cause__ or error.__context__
