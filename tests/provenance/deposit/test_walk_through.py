"""The walk-through of docs/publishing.md, as it is printed there but for the archive's address."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from rpz.provenance.publication.storage import read_publication
from tests.conftest import SOURCE, require
from tests.provenance.deposit.packs import md5
from tests.provenance.deposit.servers import TOKEN, Invenio, serving

ANALYSIS = """#!/bin/sh
echo '{"slope": 2.5}' > fit.json
echo fitted
"""
PAPER = r"\documentclass{article}\usepackage{rpz}\begin{document}\rpzresult{slope}\end{document}"


def printed():
    page = (SOURCE / "docs" / "publishing.md").read_text("utf-8")
    section = page.split("## From a trace to a DOI\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def obeyed(commands, folder, home):
    (home / "rpz").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rpz "$@"\n')
    (home / "rpz").chmod(0o755)
    env = {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{home}:{os.environ['PATH']}",
        "PYTHONPATH": str(SOURCE),
        "ZENODO_TOKEN": TOKEN,
    }
    argv = ["bash", "-e", "-c", commands]
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.mark.usefixtures("chroot_allowed")
def test_from_a_trace_to_a_doi_and_back(tmp_path):
    require("ssh-keygen", "no ssh-keygen (on Debian and Ubuntu: apt-get install openssh-client)")
    home, mine, theirs = (tmp_path / name for name in ("home", "mine", "theirs"))
    for folder in (home / ".ssh", mine, theirs):
        folder.mkdir(parents=True)
    key = home / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (mine / "analysis.sh").write_text(ANALYSIS)
    (mine / "analysis.sh").chmod(0o755)
    (mine / "paper.tex").write_text(PAPER)
    make, use = printed()
    with serving(Invenio) as server:
        there = make.replace("deposit zenodo", f"deposit zenodo --url {server.url}")
        said = obeyed(there, mine, home)
    pack = mine / "figure1.rpz"
    assert server.published == ["abcd-1"]
    assert server.asked[-1][1].endswith("/actions/publish")
    assert len(server.drafts) == 1
    held = {name: file["checksum"] for name, file in server.files["abcd-1"].items()}
    for path in (pack, mine / "figure1.rpz.sig"):
        assert held[path.name] == f"md5:{md5(path)}"
        shutil.copy(path, theirs)
    doi = read_publication(pack).doi
    assert f"doi = {{{doi}}}" in said
    assert f"https://doi.org/{doi}" in (mine / "rpz-map.json").read_text()
    shutil.copy(key.with_suffix(".pub"), theirs / "jane.pub")
    assert "fitted" in obeyed(use, theirs, home)
