"""The SWHID of a packed folder is the id that git gives it."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from rpz.packer.archive.reader import Pack
from rpz.provenance.publication.errors import PublicationError
from rpz.provenance.publication.trees import folder_swhid
from tests.conftest import require
from tests.packer.archive.conftest import files, make_pack  # noqa: F401 (they are fixtures)


def git_tree(folder, tmp_path):
    require("git", "no git (on Debian and Ubuntu: apt-get install git)")
    place = os.fsencode(tmp_path / "git")
    argv = ["git", b"--git-dir=" + place, b"--work-tree=" + os.fsencode(folder)]
    subprocess.run([*argv, "init", "-q"], check=True)
    settings = ["-c", "core.autocrlf=false", "-c", "core.compression=0"]
    subprocess.run([*argv, *settings, "add", "--all", "--force", folder], check=True)
    done = subprocess.run([*argv, "write-tree"], check=True, capture_output=True, text=True)
    shutil.rmtree(place)
    return f"swh:1:dir:{done.stdout.strip()}"


@pytest.mark.usefixtures("files")
def test_odd_names_links_holes_and_order(tmp_path, request):
    folder = request.getfixturevalue("files")
    (folder / "only" / "folders" / "here").mkdir(parents=True)
    (folder / "only" / "folders" / "there").mkdir()
    (folder / "only" / "folders" / "there" / "run").write_text("x")
    (folder / "only" / "folders" / "there" / "run").chmod(0o755)
    for name in ("a", "a.b", "a0", "a-b"):  # git sorts a folder as if it had a / behind it
        (folder / name).mkdir() if name == "a" else (folder / name).write_text(name)
    (folder / "a" / "x").write_text("x")
    pack = request.getfixturevalue("make_pack")()
    with Pack.open(pack) as opened:
        assert folder_swhid(opened, os.fsencode(folder) + b"/") == git_tree(folder, tmp_path)
        deep = folder / "only"
        assert folder_swhid(opened, os.fsencode(deep)) == git_tree(deep, tmp_path)
        with pytest.raises(PublicationError, match="holds no file"):
            folder_swhid(opened, b"/nowhere")
