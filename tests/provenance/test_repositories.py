"""What is asked of working trees of Mercurial and Subversion that a run has read from."""

from __future__ import annotations

import os
import stat
import subprocess

import pytest

from rpz.errors import CommandFailedError
from rpz.provenance.files import read_as_found
from rpz.provenance.repositories import code, mercurial, subversion
from rpz.tracer.database import TraceDatabase
from tests.conftest import require

PLANTED = """\
[paths]
default = https://me:secret@example.org/x
[extensions]
evil = {0}/evil.py
[hooks]
pre-log = touch {0}/started
pre-status = touch {0}/started
pre-diff = touch {0}/started
[extdiff]
cmd.diff = touch {0}/started
[alias]
log = !touch {0}/started
"""


def run(cwd, *words):
    environ = os.environ | {"HGRCPATH": "", "HGUSER": "ada", "LC_ALL": "C.UTF-8"}
    subprocess.run(words, cwd=cwd, env=environ, check=True, capture_output=True)


@pytest.fixture
def hg(tmp_path):
    """Return a tree with a commit, a changed file, an ignored one, and two that hg doesn't know."""
    require("hg", "no Mercurial")
    tree = tmp_path / "hg tree"
    (tree / "sub").mkdir(parents=True)
    run(tree, "hg", "init")
    (tree / ".hgignore").write_text("^cache$\n")
    for name in ("a.sh", "other", "cache"):
        (tree / name).write_text(f"# {name}\n")
    run(tree, "hg", "add", "a.sh", "other", ".hgignore")
    run(tree, "hg", "commit", "-m", "one")
    (tree / "other").write_text("changed\n")
    for name in ("new", "unread", "sub/glob:*"):
        (tree / name).write_text("new\n")
    (tree / ".hg/hgrc").write_text(PLANTED.format(tmp_path))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'started')!r}, 'w')\n")
    return tree


@pytest.fixture
def svn(tmp_path):
    """Return a working copy of the same."""
    require("svn", "no Subversion")
    tree, repository = tmp_path / "svn tree", tmp_path / "repository"
    run(tmp_path, "svnadmin", "create", repository)
    url = repository.as_uri()
    run(tmp_path, "svn", "mkdir", "-q", "-m", "", f"{url}/trunk")
    run(tmp_path, "svn", "checkout", "-q", f"{url}/trunk", tree)
    for name in ("a.sh", "other@x", "data.bin"):
        (tree / name).write_bytes(b"#\0\n")
        run(tree, "svn", "add", "-q", f"{name}@")
    run(tree, "svn", "propset", "-q", "svn:mime-type", "application/octet-stream", "data.bin")
    run(tree, "svn", "commit", "-qm", "one")
    (tree / "data.bin").write_bytes(b"changed\0")
    (tree / "sub").mkdir()
    for name in ("new", "unread", "cache.o", "sub/new"):
        (tree / name).write_text("new\n")
    return tree


def facts(tree, state, *names):
    root = os.fsencode(tree)
    found = {}
    for name, value in state(root, {root + b"/" + os.fsencode(name) for name in names}):
        found.setdefault(name, []).append(value)
    return found


def test_mercurial(hg, tmp_path):
    found = facts(hg, mercurial.state, "a.sh", "new", "cache", "sub/glob:*", "gone")
    log = ["hg", "log", "-r.", "-T{node}"]
    environ = os.environ | {"HGRCPATH": "", "HGRCSKIPREPO": "1"}
    node = subprocess.run(log, cwd=hg, env=environ, capture_output=True, check=True).stdout
    assert found.pop("commit") == [node]
    assert found.pop("diff")[0].endswith(b"-# other\n+changed\n")
    assert found == {
        "branch": [b"default"],
        "remote": [b"https://example.org/x"],
        "pushed": [b"no"],
        "untracked": [b"new", b"sub/glob:*"],
    }
    assert not (tmp_path / "started").exists()
    run(hg, "env", "HGRCSKIPREPO=1", "hg", "phase", "--public", ".")
    assert facts(hg, mercurial.state, "a.sh")["pushed"] == [b"yes"]
    assert facts(hg, mercurial.state, "cache") == {}


def test_a_mercurial_that_would_start_what_the_tree_names(hg, tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/hg"
    program.write_text(f'#!/bin/sh\necho "$@" >> {str(tmp_path / "asked")!r}; echo 4.8.2\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    with pytest.raises(CommandFailedError, match=r"hg 4\.8\.2"):
        facts(hg, mercurial.state, "a.sh")
    assert (tmp_path / "asked").read_text().count("\n") == 1


def test_root_leaves_other_users_trees_alone(hg, monkeypatch):
    if os.geteuid() == 0:
        os.chown(hg / ".hg", 1234, 1234)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(CommandFailedError, match="another user's"):
        facts(hg, mercurial.state, "a.sh")


def test_subversion(svn, tmp_path):
    names = ("a.sh", "other@x", "new", "cache.o", "sub/new", "gone", "bad\udcff")
    found = facts(svn, subversion.state, *names)
    assert b"GIT binary patch" in found.pop("diff")[0]
    assert found == {
        "commit": [b"1:2"],
        "branch": [b"^/trunk"],
        "remote": [os.fsencode((tmp_path / "repository").as_uri())],
        "untracked": [b"bad\xff", b"new", b"sub/new"],
    }
    run(svn, "svn", "update", "-q")
    assert facts(svn, subversion.state, "other@x")["commit"] == [b"2"]
    assert facts(svn, subversion.state, "cache.o") == {}


def test_a_run(hg, svn, rpz):
    """A file is of the nearest tree."""
    (svn / "inner").mkdir()
    hg.rename(svn / "inner/tree")
    inner = svn / "inner/tree"
    done = rpz("trace", "cat", inner / "a.sh", svn / "a.sh")
    assert done.returncode == 0, done.stderr
    with TraceDatabase.open(rpz.folder / ".rpz-trace" / "trace.sqlite3") as database:
        found = [(f.source, f.name, f.value) for f in code(read_as_found(database, 0))]
    assert (os.fsencode(inner), "system", b"hg") in found
    assert (os.fsencode(svn), "system", b"svn") in found
    assert not [value for _, name, value in found if name == "untracked"]
    shown = rpz("show").stdout.decode()
    assert f"{svn}: 1:2, ^/trunk, file://" in shown
    assert f"{inner}: " in shown
    assert rpz("diff", ":0", ":0").returncode == 0
