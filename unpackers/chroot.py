"""A folder with the experiment's files, run as if it were the whole file system (Linux)."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.packer.archive.room import NO_ROOM
from rpz.packer.sizes import human_size
from rpz.process import run_in_foreground
from rpz.unpackers import draft, mounts, program, target
from rpz.unpackers.errors import (
    HostileArchiveError,
    NoRoomError,
    NoSuchFileInTargetError,
    NotAFileError,
    TargetError,
)
from rpz.unpackers.extract import NEW_FILE
from rpz.unpackers.members import BLOCK
from rpz.unpackers.parallel import unpack_files
from rpz.unpackers.remove import remove_tree
from rpz.unpackers.resolve import parent_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rpaths import PosixPath

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.choices import Choice, Choices
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

NAME = "chroot"
CHOICES: Sequence[Choice] = ()
ROOT = "root"
"""The folder, in the target, that is the experiment's file system."""
PAGE = 4096
"""Bytes by which file systems mostly count."""
MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def unpack(pack: Pack, folder: Path, choices: Choices) -> Target:  # noqa: ARG001 (it has none)
    """Extract the files into ``folder/root``.

    With set-user-id programs in it, which could be anybody's, nobody else can enter ``folder``.
    """
    made = target.new_target(folder, NAME, pack.config)
    with _room_told(pack, folder), draft.building(folder) as building:
        root = building / ROOT
        root.mkdir(0o755)
        root.chmod(0o755)
        privileged = unpack_files(pack, root)
        _make_mount_points(root)
        target.write(made, building)
        if not privileged:
            draft.open_to_all(building)
    return made


@contextlib.contextmanager
def _room_told(pack: Pack, folder: Path) -> Iterator[None]:
    """Tell how much room the files take, if there is none."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise NoRoomError(
            f"{folder} can't be made: {error.strerror}{_needed(pack)}",
            "Make room, or choose another place",
        ) from error


def _needed(pack: Pack) -> str:
    try:
        room = sum(entry.stored + -entry.stored % PAGE for entry in pack.entries())
    except PackError:
        return ""
    return f"; it needs about {human_size(room)}"


def _make_mount_points(root: Path) -> None:
    fd = os.open(root, mounts.FOLDER)
    try:
        mounts.make_mount_points(fd)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise HostileArchiveError(
                "/proc, /sys, /dev or /tmp in the pack isn't a folder"
            ) from None
        raise
    finally:
        os.close(fd)


def run(target: Target, job: Job) -> int:
    """Run it in a mount namespace of its own; without root, in a user namespace too."""
    root = target.folder / ROOT
    if not root.is_dir():
        raise TargetError(f"The folder {root} is gone", "Unpack the pack again")
    return run_in_foreground(lambda: program.start(job.run, root, job.streams))


def download(target: Target, path: PosixPath, out: IO[bytes]) -> None:
    """Copy a file out of the root, following links as the experiment would."""
    with _located(target, path) as (folder, name):
        fd = os.open(
            name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
        )
        try:
            _refuse_special(os.fstat(fd), path)
            with os.fdopen(fd, "rb", closefd=False) as file:
                shutil.copyfileobj(file, out, BLOCK)
        finally:
            os.close(fd)


def upload(target: Target, path: PosixPath, source: IO[bytes], *, may_be_new: bool) -> None:
    """Put a file in the place of another, with its owner and mode; all of it or nothing."""
    with _located(target, path) as (folder, name):
        temporary = b".rpz-" + secrets.token_hex(8).encode()
        attributes = _attributes(folder, name, path)
        if attributes is None:
            if not may_be_new:
                raise NoSuchFileInTargetError(path)
            attributes = _Attributes(0o644, target.runs[0].uid, target.runs[0].gid)
        fd = os.open(temporary, NEW_FILE, 0o600, dir_fd=folder)
        try:
            with os.fdopen(fd, "wb") as file:
                _fill(file, source, attributes)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(temporary, dir_fd=folder)
            raise


def _fill(file: IO[bytes], source: IO[bytes], attributes: _Attributes) -> None:
    shutil.copyfileobj(source, file, BLOCK)
    file.flush()
    if os.geteuid() == 0:
        os.fchown(file.fileno(), attributes.uid, attributes.gid)
    os.fchmod(file.fileno(), attributes.mode)
    os.fsync(file.fileno())


@dataclass(frozen=True)
class _Attributes:
    mode: int
    uid: int
    gid: int


def _attributes(folder: int, name: bytes, path: PosixPath) -> _Attributes | None:
    """Return what the file that is replaced has, or None if there is none."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    _refuse_special(status, path)
    return _Attributes(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def _refuse_special(status: os.stat_result, path: PosixPath) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotAFileError(path)


@contextlib.contextmanager
def _located(target: Target, path: PosixPath) -> Iterator[tuple[int, bytes]]:
    try:
        with parent_of(target.folder / ROOT, path.path) as place:
            yield place
    except OSError as error:
        if error.errno in MISSING:
            raise NoSuchFileInTargetError(path) from None
        raise


def destroy(target: Target) -> None:
    """Remove the folder, the state last: what an interruption leaves can be destroyed again."""
    root = target.folder / ROOT
    if os.path.lexists(root):
        remove_tree(root)
    remove_tree(target.folder)
