"""An image as a file or folder, with no engine (docker load, podman load, skopeo read it)."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shlex
from typing import IO, TYPE_CHECKING

from rpz.packer.archive.room import NO_ROOM
from rpz.packer.atomic import replaced_file
from rpz.process import termination_as_interrupt
from rpz.unpackers import draft
from rpz.unpackers.choices import Choice, Choices
from rpz.unpackers.errors import NoRoomError, TargetError
from rpz.unpackers.image import flat, image_of, layout
from rpz.unpackers.image.layout import Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rpaths import PosixPath

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

log = logging.getLogger(__name__)

NAME = "oci"
FORMAT, CALLED = "format", "name"
ROOTFS = "rootfs"
CHOICES: Sequence[Choice] = (
    Choice(
        FORMAT,
        "What to write: docker or oci (what only one of them needs), rootfs (a tar of the file"
        " system, for Dockerfiles). Without it TARGET.tar is for both, another TARGET a folder, an"
        " OCI layout.",
        metavar="FORMAT",
    ),
    Choice(CALLED, "What engines are to call the image.", metavar="NAME[:TAG]"),
)
ARCHIVE = ".tar"
_NAME = re.compile(
    r"(?:[\w.-]+(?::\d+)?/)?[a-z\d]+(?:(?:[._/]|__|-+)[a-z\d]+)*(?::\w[\w.-]{0,127})?", re.ASCII
)


def unpack(pack: Pack, folder: Path, choices: Choices) -> None:
    """Write the image; a file if ``folder`` is called ``.tar``."""
    chosen = str(choices.get(FORMAT, ""))
    name = _name(str(choices.get(CALLED, "")), folder)
    if chosen not in ("", ROOTFS, Form.OCI.value, Form.DOCKER.value):
        raise TargetError(f"There is no format {chosen!a}", "There are: docker, oci, rootfs")
    is_file = folder.suffix == ARCHIVE
    if not is_file and chosen not in ("", Form.OCI.value):
        raise TargetError(
            f"The format {chosen} is a file's", f"Name it: {folder.with_suffix(ARCHIVE)}"
        )
    with _told(folder):
        if chosen == ROOTFS:
            _write_root(pack, folder)
        elif is_file:
            _write_file(pack, folder, name, Form(chosen) if chosen else Form.BOTH)
        else:
            _write_folder(pack, folder, name)
    if is_file and chosen in ("", Form.DOCKER.value):
        file = shlex.quote(os.fspath(folder))
        log.info("Run it: docker load -i %s; docker run %s", file, name)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Tell in a sentence why a file can't be written."""
    if os.path.lexists(folder):
        raise TargetError(f"{folder} exists already", "Choose another name or remove it")
    if not folder.absolute().parent.is_dir():
        raise TargetError(f"The folder {folder.parent} doesn't exist", "Make it first")
    try:
        with termination_as_interrupt():
            yield
    except FileExistsError:
        raise TargetError(f"{folder} exists already", "Choose another name or remove it") from None
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise NoRoomError(
            f"{folder} can't be made: {error.strerror}", "Make room, or choose another place"
        ) from error


def _write_file(pack: Pack, file: Path, name: str, form: Form) -> None:
    with image_of(pack) as image, replaced_file(file, overwrite=False) as out:
        _write(layout.archive(layout.files(image, name, form)), out)


def _write_root(pack: Pack, file: Path) -> None:
    with flat(pack) as image, replaced_file(file, overwrite=False) as out:
        for layer in image.layers:
            _write(layer.blocks(image.source), out)


def _write_folder(pack: Pack, folder: Path, name: str) -> None:
    with image_of(pack) as image, draft.building(folder) as building:
        (building / layout.BLOBS).mkdir(parents=True)
        for file in layout.files(image, name, Form.OCI):
            with replaced_file(building / file.name) as out:
                _write(file.content(), out)
        draft.open_to_all(building)


def _write(blocks: Iterator[bytes], out: IO[bytes]) -> None:
    for block in blocks:
        out.write(block)


def _name(chosen: str, folder: Path) -> str:
    """Return the image's whole name: as chosen, else from the file's."""
    if chosen and not _NAME.fullmatch(chosen):
        raise TargetError(f"{chosen!a} can't be an image's name", "Choose another: --name NAME:TAG")
    name = chosen or f"rpz/{layout.repository(folder.stem)}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def run(target: Target, _job: Job) -> int:
    """Refuse: it isn't a target."""
    raise _no_target(target)


def reset(target: Target) -> None:
    """Refuse: it isn't a target."""
    raise _no_target(target)


def changes(target: Target) -> Iterator[bytes]:
    """Refuse: it isn't a target."""
    raise _no_target(target)


def upload(target: Target, _path: PosixPath, _source: IO[bytes], *, may_be_new: bool) -> None:  # noqa: ARG001
    """Refuse: it isn't a target."""
    raise _no_target(target)


def download(target: Target, _path: PosixPath, _out: IO[bytes]) -> None:
    """Refuse: it isn't a target."""
    raise _no_target(target)


def destroy(target: Target) -> None:
    """Refuse: it isn't a target."""
    raise _no_target(target)


def _no_target(target: Target) -> TargetError:
    return TargetError(f"{target.folder} is an image", "Run it with an engine: docker, podman")
