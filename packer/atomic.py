"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_LINKS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
"""Why file systems (FAT, some of networks) can't make a hard link."""


@contextlib.contextmanager
def replaced_file(path: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Write a file under another name, and give it its own when all is written and safe on disk.

    On an error nothing is left, and what ``path`` was before stays.

    Raises:
        FileExistsError: there is a ``path`` already, made meanwhile perhaps, and no ``overwrite``.

    """
    new = path.with_name(f".{path.name[:200]}.{os.urandom(4).hex()}.part")
    try:
        with new.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            new.replace(path)
        else:
            give_name(new, path)
    except OSError as error:
        if error.filename == os.fspath(new):
            error.filename = os.fspath(path)  # what was asked for
        raise
    finally:
        new.unlink(missing_ok=True)


def give_name(new: Path, path: Path) -> None:
    """Give a file a name that nothing has: a link is never made over another, as a rename is.

    Raises:
        FileExistsError: there is a ``path`` already.

    """
    try:
        os.link(new, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        new.rename(path)
