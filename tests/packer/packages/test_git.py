from __future__ import annotations

import os
import shutil

import pytest

from rpz.errors import CommandFailedError
from rpz.packer.packages import contents_of, git, working_tree
from tests.conftest import require
from tests.packer.packages.layout import files_of, identified, lay, raw, run, whole

REMOTE = "https://me:secret@example.org/lab/study.git"


def ask(tree, *words):
    settings = ("user.name=me", "user.email=me@example.org", "protocol.file.allow=always")
    options = [word for setting in settings for word in ("-c", setting)]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return run("git", *options, *words, cwd=tree, env=environment).decode().strip()


@pytest.fixture
def tree(tmp_path):
    """A working tree with a remote and a commit."""
    require("git", "no git (on Debian and Ubuntu: apt-get install git)")
    folder = tmp_path / "study"
    lay(folder, {"run.py": "1", "data/in.csv": "1", os.fsdecode(b"\xff\n"): "odd", "out": ""})
    ask(folder, "init", "--quiet")
    ask(folder, "add", ".")
    ask(folder, "commit", "--quiet", "-m", "first")
    ask(folder, "remote", "add", "fork", "https://example.org/other")
    ask(folder, "remote", "add", "origin", REMOTE)
    return folder


def test_a_tree_is_its_commit_and_its_remote_without_the_password(tree):
    lay(tree, {"untracked.txt": "1"})
    used = [tree / "run.py", tree / "data/in.csv", tree / os.fsdecode(b"\xff\n")]
    package = identified([*used, tree / "untracked.txt", tree / ".git/HEAD"])["study"]
    commit = ask(tree, "rev-parse", "HEAD")
    assert (package.version, package.manager) == (commit, "git")
    origin = f"git%2Bhttps://example.org/lab/study.git%40{commit}"
    assert package.purl == f"pkg:generic/study@{commit}?vcs_url={origin}"
    assert files_of(package) == set(map(raw, used))


@pytest.mark.parametrize("change", ["edit", "stage", "remove"])
def test_a_tree_that_is_not_as_committed_is_dirty(tree, change):
    commit = ask(tree, "rev-parse", "HEAD")
    if change == "remove":
        (tree / "out").unlink()
    else:
        lay(tree, {"data/in.csv": "2"})
    if change == "stage":
        ask(tree, "add", ".")
    package = identified([tree / "run.py"])["study"]
    assert package.version == commit + "-dirty"
    assert "dirty" not in package.purl


def test_what_git_does_not_know_is_nobodys(tree):
    lay(tree, {"new.txt": ""})
    assert identified([tree / "new.txt"]) == {}


def test_submodules_and_second_trees_are_trees_of_their_own(tree, tmp_path):
    library = tmp_path / "library"
    lay(library, {"lib.py": ""})
    ask(library, "init", "--quiet")
    ask(library, "add", ".")
    ask(library, "commit", "--quiet", "-m", "theirs")
    ask(tree, "submodule", "--quiet", "add", str(library), "lib")
    ask(tree, "worktree", "add", "--quiet", str(tmp_path / "second"))
    found = identified([tree / "run.py", tree / "lib/lib.py"])
    assert found["library"].version == ask(library, "rev-parse", "HEAD")
    assert found["study"].version == ask(tree, "rev-parse", "HEAD") + "-dirty"  # a staged submodule
    second = identified([tmp_path / "second" / "run.py"])["study"]
    assert second.version == ask(tree, "rev-parse", "HEAD")


def test_a_tree_without_a_commit_or_a_remote(tmp_path):
    lay(tmp_path / "new", {"a": ""})
    ask(tmp_path / "new", "init", "--quiet")
    ask(tmp_path / "new", "add", ".")
    package = identified([tmp_path / "new" / "a"])["new"]
    assert (package.version, package.purl) == ("-dirty", "pkg:generic/new")


def test_the_tree_is_not_written_in_and_its_hooks_are_not_run(tree, tmp_path):
    marker = tmp_path / "started"
    hook = lay(tmp_path, {"hook": f"#!/bin/sh\ntouch {marker}\n"})[0]
    hook.chmod(0o755)
    ask(tree, "config", "core.fsmonitor", str(hook))
    os.utime(tree / "run.py", (1, 1))  # git status would refresh its index
    before = (tree / ".git/index").read_bytes()
    identified([tree / "run.py"])
    assert (tree / ".git/index").read_bytes() == before
    assert not marker.exists()


FILTERS = {"clean": "evil.clean", "process": "evil.process", "name with =": "a=b.clean"}


@pytest.mark.parametrize("kind", FILTERS)
def test_the_filters_of_a_tree_are_not_started(tree, tmp_path, kind):
    name, marker = FILTERS[kind], tmp_path / "started"
    program = lay(tmp_path, {"filter": f"#!/bin/sh\ntouch {marker}\ncat\n"})[0]
    program.chmod(0o755)
    lay(tree, {".gitattributes": f"*.py filter={name.rpartition('.')[0]}\n", "run.py": "22"})
    ask(tree, "config", f"filter.{name.rpartition('.')[0]}.required", "true")
    with (tree / ".git/config").open("a") as config:
        driver, _, kind = name.rpartition(".")
        config.write(f'[filter "{driver}"]\n\t{kind} = {program}\n')
    found = identified([tree / "run.py"])
    difference = working_tree.ask(raw(tree), "diff", "HEAD")
    assert not marker.exists()
    if "=" in driver:  # there is no telling what it is, without them
        assert (found["study"].version, difference) == ("", b"")
    else:
        assert found["study"].version.endswith("-dirty")
        assert b"+22" in difference


def test_the_filters_of_the_user_are(tree, tmp_path, monkeypatch):
    """What git-lfs, say, has made of a file is as in the commit."""
    (tmp_path / "gitconfig").write_text('[filter "mine"]\n\tclean = "head -c 1"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    ask(tree, "config", "filter.mine.clean", "head -c 1")  # as git lfs install --local has it, too
    lay(tree, {".git/info/attributes": "*.py filter=mine\n", "run.py": "1, and much more"})
    assert working_tree.ask(raw(tree), "diff", "HEAD") == b""
    (tmp_path / "gitconfig").write_text("")
    assert b"+1, and much more" in working_tree.ask(raw(tree), "diff", "HEAD")


def test_the_variables_of_a_hook_do_not_lead_elsewhere(tree, tmp_path, monkeypatch):
    lay(tmp_path / "other", {"b": ""})
    ask(tmp_path / "other", "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other" / ".git" / "index"))
    assert list(identified([tree / "run.py"])) == ["study"]


def test_a_tree_that_takes_too_long_is_left(tree):
    os.mkfifo(tree / "endless")
    ask(tree, "config", "include.path", "../endless")
    with pytest.raises(CommandFailedError, match="took longer than 0 seconds"):
        list(working_tree.answers(raw(tree), "diff", "HEAD", seconds=0.2))


def test_a_folder_that_only_looks_like_a_tree(tmp_path):
    lay(tmp_path, {".git/HEAD": "nonsense", "a": ""})
    assert identified([tmp_path / "a"]) == {}


def test_without_git_nothing_is_known(tree, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert git.owners([raw(tree / "run.py")]) == []


def test_a_whole_tree_is_what_git_knows_as_long_as_it_is_the_same_commit(tree):
    package = identified([tree / "run.py"])["study"]
    assert whole(package) == {raw(tree / n) for n in ("run.py", "out", "data/in.csv")} | {
        raw(tree) + b"/\xff\n"
    }
    ask(tree, "commit", "--quiet", "--allow-empty", "-m", "second")
    assert list(contents_of([package])) == [(package, [])]


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("https://github.com/me/r.git", "https://github.com/me/r.git"),
        ("https://token@github.com/me/r", "https://github.com/me/r"),
        ("https://u:p%40w@[::1]:8443/r?token=x#y", "https://[::1]:8443/r"),
        ("git@github.com:me/r.git", "ssh://github.com/me/r.git"),
        ("me:pass@host:r.git", "ssh://host/r.git"),
        ("ssh://me@host:22/r", "ssh://host:22/r"),
        ("/srv/git/r.git", "/srv/git/r.git"),
        ("../r", "../r"),
        ("https://[broken", ""),
    ],
)
def test_remotes_are_told_without_who_asks(remote, told):
    assert git.address(remote) == told


def test_a_tree_of_a_known_host(tree):
    ask(tree, "remote", "set-url", "origin", "git@github.com:me/Study.git")
    package = identified([tree / "run.py"])["Study"]
    assert package.purl.startswith(f"pkg:github/me/study@{package.version}?vcs_url=git%2Bssh://")
