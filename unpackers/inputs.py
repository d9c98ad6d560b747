"""Inputs that are other files for one run, and what they were again afterwards."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from typing import IO, TYPE_CHECKING, cast

from rpz.unpackers import files
from rpz.unpackers.digest import Digest
from rpz.unpackers.errors import NoSuchFileInTargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.unpackers import Unpacker
    from rpz.unpackers.files import Transfer
    from rpz.unpackers.target import Target

log = logging.getLogger(__name__)


@contextlib.contextmanager
def lent(unpacker: Unpacker, target: Target, wanted: Sequence[Transfer]) -> Iterator[None]:
    """Give a target other inputs inside the context.

    Afterwards they are what they were, but for those that the experiment has changed meanwhile:
    they are its results. One that wasn't there before stays.

    Raises:
        TargetError: there is no such file, or nothing has that name.

    """
    with contextlib.ExitStack() as stack:
        for transfer in wanted:
            stack.enter_context(_lent(unpacker, target, transfer))
        yield


@contextlib.contextmanager
def _lent(unpacker: Unpacker, target: Target, wanted: Transfer) -> Iterator[None]:
    with tempfile.TemporaryFile() as original:
        try:
            files.fetch(unpacker, target, wanted, original)
        except NoSuchFileInTargetError:
            files.upload(unpacker, target, wanted)
            yield
            return
        files.upload(unpacker, target, wanted)
        given = _digest(unpacker, target, wanted)
        try:
            yield
        finally:
            if _digest(unpacker, target, wanted) == given:
                original.seek(0)
                files.put(unpacker, target, wanted, original)
            else:
                log.warning("%s stays as the experiment has made it.", wanted.name)


def _digest(unpacker: Unpacker, target: Target, wanted: Transfer) -> str | None:
    digest = Digest()
    try:
        files.fetch(unpacker, target, wanted, cast("IO[bytes]", digest))
    except NoSuchFileInTargetError:
        return None
    return digest.sha256
