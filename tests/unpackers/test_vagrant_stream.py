"""The files on their way to a virtual machine."""

from __future__ import annotations

import io
import tarfile

import pytest

from rpz.unpackers.errors import HostileArchiveError
from rpz.unpackers.members import checked
from rpz.unpackers.vagrant.stream import archive
from tests.unpackers import packs


def sent(*members):
    with tarfile.open(fileobj=io.BytesIO(packs.data_tar(members)), mode="r:*") as data:
        return b"".join(archive(checked(data), b"init"))


@pytest.mark.parametrize("name", ["proc", "sys", "dev"])
def test_a_mount_point_that_is_a_link(name):
    """The machine's root would mount what it leads to."""
    with pytest.raises(HostileArchiveError, match="isn't a folder"):
        sent(packs.member(f"DATA/{name}", tarfile.SYMTYPE, linkname="../../etc"))


def test_the_folders_that_every_root_has():
    with tarfile.open(fileobj=io.BytesIO(sent(packs.folder("DATA/dev", mode=0o700)))) as tar:
        modes = {info.name: info.mode for info in tar}
    assert (modes["./dev"], modes["proc"], modes["tmp"]) == (0o700, 0o555, 0o1777)
    assert "dev" not in modes
