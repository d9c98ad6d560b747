"""The script for virtual machines, without one: where files are found and replaced."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from rpz.unpackers.vagrant.guest import MISSING, NOT_A_FILE, SCRIPT
from tests.conftest import require

OUTSIDE = b"not the experiment's"


@pytest.fixture
def root(tmp_path):
    """An experiment's root; beside it a file that is none of its business."""
    (tmp_path / "secret").write_bytes(OUTSIDE)
    folder = tmp_path / "root"
    odd = folder / os.fsdecode(b"work/\xff odd\n")
    odd.mkdir(parents=True)
    (odd / "data").write_bytes(b"content")
    (odd / "data").chmod(0o640)
    for name, target in {
        "absolute": b"/work/\xff odd\n/data",
        "upwards": b"../../../../../secret",
        "folder": b"\xff odd\n",
        "loop": b"loop",
        "newline\n": b"\xff odd\n",
    }.items():
        (folder / "work" / name).symlink_to(os.fsdecode(target))
    return folder


def guest(action, root, path, *arguments, content=b""):
    argv = ["sh", SCRIPT, action, root, str(len(path)), *arguments]
    return subprocess.run(argv, input=path + content, capture_output=True, check=False)


def test_the_script_is_good_shell():
    require("shellcheck", "no shellcheck (apt-get install shellcheck)")
    subprocess.run(["shellcheck", SCRIPT], check=True)


@pytest.mark.parametrize(
    "path",
    [
        b"/work/\xff odd\n/data",
        b"//work/./folder/../folder/data",
        b"/work/absolute",
        b"/work/newline\n/data",
        b"/../../work/folder/data",
    ],
)
def test_read(root, path):
    done = guest("read", root, path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"content", b"")


@pytest.mark.parametrize(
    "path", [b"/work/upwards", b"/secret", b"/work/loop", b"/work/folder/data/x"]
)
def test_nothing_outside_is_read(root, path):
    done = guest("read", root, path)
    assert (done.returncode, done.stdout) == (MISSING, b"")


@pytest.mark.parametrize("path", [b"/", b"/work", b"/work/folder", b"/work/.."])
def test_a_folder_is_no_file(root, path):
    assert guest("read", root, path).returncode == NOT_A_FILE
    assert guest("write", root, path, "0", "-").returncode == NOT_A_FILE


def test_write_keeps_mode_and_owner(root):
    data = next((root / "work").glob("*odd*")) / "data"
    if os.geteuid() == 0:
        os.chown(data, 1234, 2345)
    before = data.stat()
    done = guest("write", root, b"/work/absolute", "3", "-", content=b"new")
    assert (done.returncode, done.stderr) == (0, b"")
    after = data.stat()
    assert data.read_bytes() == b"new"
    assert (after.st_uid, after.st_gid, after.st_mode) == (
        before.st_uid,
        before.st_gid,
        before.st_mode,
    )
    assert [path.name for path in data.parent.iterdir()] == ["data"]


def test_write_of_a_new_file(root):
    owner = f"{os.geteuid()}:{os.getegid()}"
    assert guest("write", root, b"/work/new", "3", owner, content=b"new").returncode == 0
    assert (root / "work" / "new").read_bytes() == b"new"
    assert stat.S_IMODE((root / "work" / "new").stat().st_mode) == 0o644


def test_a_new_file_that_may_not_be(root):
    assert guest("write", root, b"/work/new", "3", "-", content=b"new").returncode == MISSING
    assert guest("write", root, b"/no/new", "3", "0:0", content=b"new").returncode == MISSING
    assert not (root / "work" / "new").exists()


def test_a_cut_content_changes_nothing(root):
    done = guest("write", root, b"/work/absolute", "300", "-", content=b"new")
    assert done.returncode not in (0, MISSING, NOT_A_FILE)
    assert guest("read", root, b"/work/absolute").stdout == b"content"
    assert not list((root / "work").rglob(".rpz*"))


def test_what_leads_outside_is_not_written(root):
    assert guest("write", root, b"/work/upwards", "3", "0:0", content=b"new").returncode == 0
    assert (root.parent / "secret").read_bytes() == OUTSIDE
    assert (Path(root) / "secret").read_bytes() == b"new"
