"""A folder with the experiment's files, run as if it were the whole file system (Linux)."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from rpz.packer.archive.format import PackError
from rpz.packer.archive.room import NO_ROOM
from rpz.packer.sizes import human_size
from rpz.process import run_in_foreground
from rpz.unpackers import bubblewrap, draft, mounts, origin, program, target
from rpz.unpackers.changes import changed_below
from rpz.unpackers.errors import (
    HostileArchiveError,
    NoRoomError,
    NoSuchFileInTargetError,
    NotAFileError,
    SandboxError,
    TargetError,
)
from rpz.unpackers.extract import NEW_FILE
from rpz.unpackers.members import BLOCK
from rpz.unpackers.parallel import unpack_files
from rpz.unpackers.remove import remove_tree
from rpz.unpackers.resolve import parent_of
from rpz.unpackers.target import FILE, write
from rpz.unpackers.withheld import supplied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from rpaths import PosixPath

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.choices import Choice, Choices
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

    Step: TypeAlias = Callable[[Pack, Path], None]
    """A step of making a target."""

NAME = "chroot"
CHOICES: Sequence[Choice] = ()
ROOT = "root"
"""The folder, in the target, that is the experiment's file system."""
PAGE = 4096
"""Bytes by which file systems mostly count."""
MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def unpack(pack: Pack, folder: Path, choices: Choices) -> Target:  # noqa: ARG001 (it has none)
    """Extract the files into ``folder/root``.

    Nobody but root can enter a ``folder`` of root's.
    """
    return make(pack, folder, NAME)


def nothing(pack: Pack, place: Path) -> None:
    """Leave what was made as it is."""


def make(
    pack: Pack, folder: Path, name: str, prepare: Step = nothing, complete: Step = nothing
) -> Target:
    """Make a target of a folder with the files in it, for the unpacker ``name``.

    ``prepare`` changes the files that were unpacked, ``complete`` the folder that becomes a target;
    both are given the pack, and that folder. Root's is closed to all others: it has users' and
    root's own programs, some of them set-user-id, and a run may make more of these.
    """
    made = target.new_target(folder, name, pack)
    with _room_told(pack, folder), draft.building(folder) as building:
        _make_root(pack, building / ROOT)
        prepare(pack, building / ROOT)
        complete(pack, building)
        target.write(made, building)
        if os.geteuid() != 0:
            draft.open_to_all(building)
    return made


def _make_root(pack: Pack, root: Path) -> None:
    """Make the experiment's file system."""
    root.mkdir(0o755)
    root.chmod(0o755)
    unpack_files(pack, root)
    _make_mount_points(root)


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
            raise HostileArchiveError("/proc, /sys or /dev in the pack isn't a folder") from None
        raise
    finally:
        os.close(fd)


def root_of(target: Target) -> Path:
    """Return the folder with a target's files.

    Raises:
        TargetError: it is gone.

    """
    root = target.folder / ROOT
    if not root.is_dir():
        raise TargetError(f"The folder {root} is gone", "Unpack the pack again")
    return root


def run(target: Target, job: Job) -> int:
    """Run it in namespaces of its own; without root, in a user namespace too."""
    return isolated(target, replace(job, run=supplied(job.run)))


def isolated(target: Target, job: Job) -> int:
    """Run what has all that it needs of the caller; what is missing is told only once.

    Raises:
        SandboxError: this user may make no namespaces here.

    """
    root = root_of(target)
    try:
        return run_in_foreground(
            lambda: program.start(job.run, root, job.streams, network=job.network)
        )
    except SandboxError:
        if os.geteuid() == 0 or not bubblewrap.is_installed():
            raise
    return run_in_foreground(lambda: bubblewrap.start(job, root))


def reset(target: Target, prepare: Step = nothing) -> None:
    """Unpack the files again beside the old ones, and put them into their place."""
    root = target.folder / ROOT
    with (
        origin.opened(target) as pack,
        _room_told(pack, root),
        draft.replacing(root) as fresh,
    ):
        _make_root(pack, fresh)
        prepare(pack, fresh)
    write(target, target.folder)  # its time is that of the files


def changes(target: Target) -> Iterator[bytes]:
    """Compare with the time at which the state was written, after all files."""
    since = (target.folder / FILE).stat().st_ctime_ns
    return changed_below(target.folder / ROOT, since)


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
    if os.path.lexists(target.folder):
        remove_tree(target.folder)
