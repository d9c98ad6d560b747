"""An image and a container of a Docker engine."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import tarfile
from dataclasses import replace
from typing import IO, TYPE_CHECKING, cast

from docker.errors import APIError, ImageNotFound, NotFound
from rpaths import PosixPath

from rpz.unpackers import draft, target
from rpz.unpackers.docker import base, files, gpu, image, network, push, settings, terminal, x11
from rpz.unpackers.docker.attach import Session
from rpz.unpackers.docker.changes import changed
from rpz.unpackers.docker.engine import connected, place
from rpz.unpackers.errors import TargetError
from rpz.unpackers.image import dockerfile, image_of, tarstream
from rpz.unpackers.init import request_file, run_file
from rpz.unpackers.remove import remove_tree
from rpz.unpackers.target import write
from rpz.unpackers.withheld import supplied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from docker import APIClient

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.choices import Choice, Choices
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

log = logging.getLogger(__name__)

NAME = "docker"
CHOICES: Sequence[Choice] = settings.CHOICES
ENGINE, IMAGE, CONTAINER, HOST, WINDOWS = "engine", "image", "container", "host", "x11"
"""What a target's data tell: where the engine is, the image's name, the container's id and host
configuration, in JSON, and whether it opens windows."""


def unpack(pack: Pack, folder: Path, choices: Choices) -> Target:
    """Make an image of the pack, and a container of the image, in which all runs take place."""
    where = place()
    pushed = push.checked(str(choices[settings.PUSH])) if choices.get(settings.PUSH) else ""
    with (
        connected(where) as engine,
        contextlib.ExitStack() as undone,
        draft.building(folder) as building,
    ):
        data = {ENGINE: where, HOST: json.dumps(settings.host_configuration(engine, choices))}
        if choices.get(settings.X11):
            data[WINDOWS] = "yes"
        data[IMAGE] = undone.enter_context(_image(engine, pack, folder, choices))
        data[CONTAINER] = undone.enter_context(_container(engine, data))
        if pushed:
            log.info("The image is at %s", push.push(engine, data[IMAGE], pushed))
        made = target.new_target(folder, NAME, pack, data)
        target.write(made, building)
        text = dockerfile.dockerfile(pack.config, pack.path.name)
        (building / dockerfile.NAME).write_text(text, "utf-8")
        draft.open_to_all(building)
    if not choices.get(settings.GPUS) and gpu.was_used(pack):
        log.warning("The experiment has used a graphics processor: to have one, add --gpus")
    log.info("The image %s runs without rpz, too: docker run %s", data[IMAGE], data[IMAGE])
    return made


@contextlib.contextmanager
def _image(engine: APIClient, pack: Pack, folder: Path, choices: Choices) -> Iterator[str]:
    name = image.new_name(folder.absolute().name)
    if found := choices.get(settings.BASE):
        base.build(engine, pack, str(found), name)
    else:
        with image_of(pack) as made:
            image.give(engine, made, name)
    try:
        yield name
    except BaseException:
        engine.remove_image(name)
        raise


@contextlib.contextmanager
def _container(engine: APIClient, data: Mapping[str, str]) -> Iterator[str]:
    container = settings.created(engine, data[IMAGE], json.loads(data.get(HOST, "{}")))
    try:
        yield container
    except BaseException:
        engine.remove_container(container)
        raise


def run(target: Target, job: Job) -> int:
    """Start the container for one run, with this process's standard streams and signals."""
    container = target.data[CONTAINER]
    with _container_of(target) as engine:
        _refuse_running(engine, target)
        job = replace(job, run=supplied(job.run))
        network.choose(engine, container, network=job.network)
        if not job.streams and terminal.is_there():
            _send(engine, target, job, terminal.HOLD)
            with _held(engine, container):
                program = terminal.started(engine, container, job.index)
                if program is not None:
                    return program.attend()
        _send(engine, target, job, str(job.index))
        connection = _attached(engine, container)
        kill = lambda signum: _kill(engine, container, signum)  # noqa: E731
        session = Session(connection, kill, streams=job.streams)
        engine.start(container)
        session.relay()
        return int(engine.wait(container)["StatusCode"])


def _send(engine: APIClient, target: Target, job: Job, request: str) -> None:
    """Put what init reads into a container: what is asked for, and the run."""
    files.put(engine, target.data[CONTAINER], PosixPath(b"/.rpz"), _order(target, job, request))


def _order(target: Target, job: Job, request: str) -> Iterator[bytes]:
    """Yield what init reads: what is asked for, and the run."""
    yield from tarstream.file(tarfile.TarInfo("request"), request_file([request]))
    run = job.run
    if target.data.get(WINDOWS):
        run = x11.with_display(run)
        yield from x11.cookies_member(run)
    yield from tarstream.file(tarfile.TarInfo(f"runs/{job.index}"), run_file(run))


@contextlib.contextmanager
def _held(engine: APIClient, container: str) -> Iterator[None]:
    """Start a container that ends when we close its standard input, or are killed."""
    connection = _attached(engine, container)
    try:
        engine.start(container)
        yield
    finally:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        engine.wait(container)


@contextlib.contextmanager
def _container_of(target: Target) -> Iterator[APIClient]:
    """Yield the engine that has the container, and tell when that is gone."""
    with connected(target.data.get(ENGINE)) as engine:
        try:
            yield engine
        except NotFound as error:
            if not files.is_of_container(error):
                raise
            raise TargetError(
                f"The container of {target.folder} is gone",
                f"Make a new one: rpz reset {target.folder}",
            ) from None


def _refuse_running(engine: APIClient, target: Target) -> None:
    if engine.inspect_container(target.data[CONTAINER])["State"]["Running"]:
        container = target.data[CONTAINER][:12]
        raise TargetError(
            f"{target.folder} is running already", f"Wait until it ends: docker wait {container}"
        )


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
    with connected(target.data.get(ENGINE)) as engine:
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
            container = undone.enter_context(_container(engine, target.data))
        except ImageNotFound:
            raise TargetError(
                f"The image of {target.folder} is gone", "Unpack the pack again"
            ) from None
        yield container


def changes(target: Target) -> Iterator[bytes]:
    """Ask the engine in what the container differs from its image."""
    with _container_of(target) as engine:
        yield from changed(engine, target.data[CONTAINER])


def upload(target: Target, path: PosixPath, source: IO[bytes], *, may_be_new: bool) -> None:
    """Put a file into the container's file system."""
    new = None
    if may_be_new:
        new = tarfile.TarInfo()
        new.uid, new.gid = target.runs[0].uid, target.runs[0].gid
    with _container_of(target) as engine:
        files.copy_in(engine, target.data[CONTAINER], path, source, new)


def download(target: Target, path: PosixPath, out: IO[bytes]) -> None:
    """Copy a file out of the container's file system."""
    with _container_of(target) as engine:
        files.copy_out(engine, target.data[CONTAINER], path, out)


def destroy(target: Target) -> None:
    """Remove the container, the image, and the folder."""
    with connected(target.data.get(ENGINE)) as engine:
        with contextlib.suppress(NotFound):
            engine.remove_container(target.data[CONTAINER], v=True, force=True)
        with contextlib.suppress(ImageNotFound, NotFound):
            engine.remove_image(target.data[IMAGE])
    if os.path.lexists(target.folder):
        remove_tree(target.folder)
