"""An image and a container of a Docker engine."""

from __future__ import annotations

import contextlib
import logging
import tarfile
from dataclasses import replace
from typing import IO, TYPE_CHECKING, cast

from docker.errors import APIError, ImageNotFound, NotFound
from rpaths import PosixPath

from rpz.unpackers import draft, target
from rpz.unpackers.docker import files, image, tarstream
from rpz.unpackers.docker.attach import Session
from rpz.unpackers.docker.engine import connected
from rpz.unpackers.docker.memory import shared_memory
from rpz.unpackers.errors import TargetError
from rpz.unpackers.init import request_file, run_file
from rpz.unpackers.remove import remove_tree
from rpz.unpackers.target import write
from rpz.unpackers.withheld import supplied

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from docker import APIClient

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.choices import Choice, Choices
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

log = logging.getLogger(__name__)

NAME = "docker"
CHOICES: Sequence[Choice] = ()
IMAGE = "image"
CONTAINER = "container"
"""What a target's data tell: the image's name, the container's id."""


def unpack(pack: Pack, folder: Path, choices: Choices) -> Target:  # noqa: ARG001 (it has none)
    """Make an image of the pack, and a container of the image, in which all runs take place."""
    with (
        connected() as engine,
        contextlib.ExitStack() as undone,
        draft.building(folder) as building,
    ):
        data = {IMAGE: undone.enter_context(_image(engine, pack, folder))}
        data[CONTAINER] = undone.enter_context(_container(engine, data[IMAGE]))
        made = target.new_target(folder, NAME, pack, data)
        target.write(made, building)
        draft.open_to_all(building)
    log.info("The image %s runs without rpz, too: docker run %s", data[IMAGE], data[IMAGE])
    return made


@contextlib.contextmanager
def _image(engine: APIClient, pack: Pack, folder: Path) -> Iterator[str]:
    name = image.import_image(engine, pack, folder.absolute().name)
    try:
        yield name
    except BaseException:
        engine.remove_image(name)
        raise


@contextlib.contextmanager
def _container(engine: APIClient, name: str) -> Iterator[str]:
    host = engine.create_host_config(shm_size=shared_memory(engine))
    container = str(engine.create_container(name, stdin_open=True, host_config=host)["Id"])
    try:
        yield container
    except BaseException:
        engine.remove_container(container)
        raise


def run(target: Target, job: Job) -> int:
    """Start the container for one run, with this process's standard streams and signals."""
    container = target.data[CONTAINER]
    with connected() as engine:
        _refuse_busy(engine, target)
        files.put(engine, container, PosixPath(b"/.rpz"), _order(job))
        connection = _attached(engine, container)
        session = Session(connection, lambda signum: _kill(engine, container, signum))
        engine.start(container)
        session.relay()
        return int(engine.wait(container)["StatusCode"])


def _order(job: Job) -> Iterator[bytes]:
    """Yield what init reads: which run to perform, and that run with the caller's variables."""
    yield from tarstream.file(tarfile.TarInfo("request"), request_file([job.index]))
    run = supplied(job.run)
    yield from tarstream.file(tarfile.TarInfo(f"runs/{job.index}"), run_file(run))


def _refuse_busy(engine: APIClient, target: Target) -> None:
    try:
        _refuse_running(engine, target)
    except NotFound:
        raise TargetError(
            f"The container of {target.folder} is gone",
            f"Make a new one: rpz reset {target.folder}",
        ) from None


def _refuse_running(engine: APIClient, target: Target) -> None:
    if engine.inspect_container(target.data[CONTAINER])["State"]["Running"]:
        raise TargetError(f"{target.folder} is running already", "Wait until it ends")


def _attached(engine: APIClient, container: str) -> socket.socket:
    """Join the streams before the start, so that nothing is missed."""
    stream = engine.attach_socket(container, {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    return cast("socket.socket", getattr(stream, "_sock", stream))


def _kill(engine: APIClient, container: str, signum: int) -> None:
    with contextlib.suppress(APIError):  # it has ended
        engine.kill(container, signum)


def reset(target: Target) -> None:
    """Make a new container of the image, and remove the old one."""
    old = target.data[CONTAINER]
    with connected() as engine:
        with contextlib.suppress(NotFound):
            _refuse_running(engine, target)
        with _container_again(engine, target) as container:
            write(replace(target, data={**target.data, CONTAINER: container}), target.folder)
        with contextlib.suppress(NotFound):
            engine.remove_container(old, v=True)


@contextlib.contextmanager
def _container_again(engine: APIClient, target: Target) -> Iterator[str]:
    with contextlib.ExitStack() as undone:
        try:
            container = undone.enter_context(_container(engine, target.data[IMAGE]))
        except ImageNotFound:
            raise TargetError(
                f"The image of {target.folder} is gone", "Unpack the pack again"
            ) from None
        yield container


def changes(target: Target) -> Iterator[bytes]:
    """Ask the engine in what the container differs from its image."""
    with connected() as engine:
        yield from files.changed(engine, target.data[CONTAINER])


def upload(target: Target, path: PosixPath, source: IO[bytes], *, may_be_new: bool) -> None:
    """Put a file into the container's file system."""
    new = None
    if may_be_new:
        new = tarfile.TarInfo()
        new.uid, new.gid = target.runs[0].uid, target.runs[0].gid
    with connected() as engine:
        files.copy_in(engine, target.data[CONTAINER], path, source, new)


def download(target: Target, path: PosixPath, out: IO[bytes]) -> None:
    """Copy a file out of the container's file system."""
    with connected() as engine:
        files.copy_out(engine, target.data[CONTAINER], path, out)


def destroy(target: Target) -> None:
    """Remove the container, the image, and the folder."""
    with connected() as engine:
        with contextlib.suppress(NotFound):
            engine.remove_container(target.data[CONTAINER], v=True, force=True)
        with contextlib.suppress(ImageNotFound, NotFound):
            engine.remove_image(target.data[IMAGE])
    remove_tree(target.folder)
