"""A target in the making: all of it or nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from rpz.process import termination_as_interrupt
from rpz.unpackers.errors import TargetError
from rpz.unpackers.remove import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextlib.contextmanager
def building(folder: Path, undo: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``folder`` when all went well, else is removed.

    Only its owner can enter it, until :func:`open_to_all`. ``undo`` is called with it before it is
    removed, for what was made elsewhere.

    Raises:
        TargetError: there is something called ``folder`` already, or it has no parent folder.

    """
    _check_free(folder)
    if not folder.absolute().parent.is_dir():
        raise TargetError(f"The folder {folder.parent} doesn't exist", "Make it first")
    with termination_as_interrupt():
        draft = _new_name(folder.absolute())
        try:
            _make(draft, folder)
            yield draft
            _check_free(folder)
            draft.rename(folder)
        except BaseException:
            try:
                if undo is not None:
                    undo(draft)
            finally:
                _remove(draft)
            raise


@contextlib.contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield a name for a folder to make, which takes the place of ``folder`` when all went well."""
    with termination_as_interrupt():
        draft = _new_name(folder)
        try:
            _make(draft, folder)
            yield draft / "new"
            _swap(draft / "new", folder, draft / "old")
        finally:
            _remove(draft)


def _new_name(folder: Path) -> Path:
    """Return a name beside a folder that nobody has.

    It is known before there is such a folder: an interruption may come as soon as it is made.
    """
    return folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")


def _make(draft: Path, folder: Path) -> None:
    """Make a draft; an error names what was asked for."""
    try:
        draft.mkdir(0o700)
    except OSError as error:
        error.filename = os.fspath(folder)
        raise


def _remove(draft: Path) -> None:
    if draft.is_dir():
        remove_tree(draft)


def _swap(new: Path, folder: Path, old: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # somebody has removed it
        folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise


def open_to_all(draft: Path) -> None:
    """Let everybody enter."""
    draft.chmod(0o755)


def _check_free(folder: Path) -> None:
    if os.path.lexists(folder):
        raise TargetError(
            f"{folder} exists already", f"Choose another name or remove it: rpz destroy {folder}"
        )
