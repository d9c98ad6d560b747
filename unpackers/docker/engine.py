"""The connection to a Docker engine, and what it says when it can't, as sentences."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import docker
import requests
from docker.errors import APIError, DockerException

from rpz.unpackers.errors import DockerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import APIClient

DOCKER = "/var/run/docker.sock"
OWN = ("docker.sock", "podman/podman.sock")
"""Sockets in a user's runtime folder."""
OTHERS = ("/run/podman/podman.sock",)


def place(environ: Mapping[str, str] = os.environ) -> str:
    """Return where the engine is: what the environment names, else the first that is there.

    Docker's and Podman's variables, Docker's socket, one of a user's Docker or Podman, root's
    Podman. None of these: Docker's socket, of which the error then tells.
    """
    if named := environ.get("DOCKER_HOST") or environ.get("CONTAINER_HOST"):
        return named
    own = environ.get("XDG_RUNTIME_DIR", "")
    sockets = [DOCKER, *(f"{own}/{name}" for name in OWN if own), *OTHERS]
    sockets.append(os.path.expanduser("~/.docker/run/docker.sock"))  # noqa: PTH111
    usable = (socket for socket in sockets if os.access(socket, os.R_OK | os.W_OK))
    return f"unix://{next(usable, DOCKER)}"


@contextlib.contextmanager
def connected(host: str | None = None) -> Iterator[APIClient]:
    """Yield the engine at a place, else the one that :func:`place` finds.

    Raises:
        DockerError: it can't be reached, or refused what was asked of it inside the context.

    """
    environment = {**os.environ, "DOCKER_HOST": host or place()}
    try:
        client = docker.from_env(timeout=None, environment=environment)  # type: ignore[arg-type]
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


def is_podman(engine: APIClient) -> bool:
    """Whether it is Podman's service, which answers as Docker's engine but for some things."""
    components = engine.version().get("Components") or ()
    return any("Podman" in part.get("Name", "") for part in components)


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
            "Start it (systemctl start docker, or podman system service), or unpack with: rpz"
            " unpack chroot",
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
