"""What the system refuses is told with its whole path, and a way out."""

from __future__ import annotations

import errno
import os
import subprocess

import pytest

from rpz.cli import failed_call
from rpz.errors import OWN_FAILURE
from tests.conftest import require
from tests.unpackers import packs


@pytest.mark.parametrize(
    ("name", "shown"), [(".rpz-trace", ".rpz-trace"), (b"n\xff\n", "n\\xff\\n")]
)
def test_a_call_is_told_with_its_path_and_a_remedy(name, shown):
    error = PermissionError(errno.EACCES, "Permission denied", name)
    told = f"{shown}: Permission denied. Choose another place, or get the right to use this one."
    assert str(failed_call(error)) == told


def test_a_descriptor_is_no_path():
    assert (
        str(failed_call(OSError(errno.EBADF, "Bad file descriptor", 7))) == "Bad file descriptor."
    )


def test_a_folder_that_can_not_be_made(rpz):
    done = rpz("trace", "-d", "/sys/rpz-trace", "true")
    assert done.returncode == OWN_FAILURE
    assert b"rpz: /sys/rpz-trace" in done.stderr
    assert b" Choose another place, or get the right to use this one.\n" in done.stderr


def test_a_name_that_is_too_long(rpz, tmp_path):
    name = "n" * 300
    members = [packs.file(f"DATA/w/{name}")]
    packs.write_pack(tmp_path / "x.rpz", packs.config(("status", "0")), packs.data_tar(members))
    done = rpz("unpack", "chroot", "x.rpz", "demo")
    told = (
        f"rpz: /w/{name}: File name too long. Choose a place whose file system takes longer names"
    )
    assert (done.returncode, done.stderr.decode()) == (1, f"{told}.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["x.rpz"]


def test_a_disk_that_is_full(rpz, tmp_path):
    require(os.geteuid() == 0, "only root may mount a small file system")
    members = [packs.file(f"DATA/w/{n}", os.urandom(100_000)) for n in range(50)]
    packs.write_pack(tmp_path / "x.rpz", packs.config(("status", "0")), packs.data_tar(members))
    (tmp_path / "small").mkdir()
    script = (
        "mount -t tmpfs -o size=2M none small && "
        '"$@"; status=$?; ls -A small; umount small; exit $status'
    )
    argv = ["unshare", "--mount", "sh", "-c", script, "-"]
    argv += rpz.argv("unpack", "chroot", "x.rpz", "small/demo")
    done = subprocess.run(argv, cwd=tmp_path, env=rpz.environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == (
        b"rpz: small/demo can't be made: No space left on device; it needs about 5.12 MB. "
        b"Make room, or choose another place.\n"
    )
