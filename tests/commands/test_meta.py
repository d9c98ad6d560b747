"""``rpz meta``: what is told of a trace and a pack, and where it is kept."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pty
import shutil
import subprocess
import tarfile

import pytest

from rpz.packer.archive.format import PackError
from rpz.packer.archive.reader import Pack
from rpz.packer.archive.rewrite import set_extension
from rpz.provenance.publication.model import Author, Publication
from rpz.provenance.publication.storage import read_publication, write_publication
from rpz.provenance.publication.swhid import digests_of
from tests.conftest import require, rpz_in

CFF = """\
cff-version: 1.2.0
message: Please cite
title: Enzymes
license: MIT
authors: [{family-names: Doe, given-names: Jane}]
"""
GIT = ("git", "-c", "user.name=Jane Doe", "-c", "user.email=jane@example.org", "-c", "gc.auto=0")


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    """A trace of code in git, beside a citation file, and a pack of it."""
    require("git", "no git (on Debian and Ubuntu: apt-get install git)")
    folder = tmp_path_factory.mktemp("experiment")
    (folder / "CITATION.cff").write_text(CFF)
    (folder / "run.sh").write_text("echo 7 > out\n")
    for words in (["init", "-q"], ["add", "run.sh"], ["commit", "-qm", "Begin"]):
        subprocess.run([*GIT, *words], cwd=folder, check=True)
    rpz = rpz_in(folder)
    assert rpz("trace", "--reason", "To see", "sh", "run.sh").returncode == 0
    done = rpz("meta", "--defaults", "--keyword", "a", "--keyword", "Größe")
    assert done.returncode == 0, done.stderr
    assert rpz("pack").returncode == 0
    return rpz


@pytest.fixture
def pack(experiment, tmp_path):
    return shutil.copy(experiment.folder / "experiment.rpz", tmp_path / "copy.rpz")


def told(rpz, *words):
    done = rpz("meta", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_what_stands_beside_the_code_is_proposed_and_said_from_where(experiment):
    page = told(experiment)
    assert page["proposed"]["title"] == "Enzymes"
    assert page["proposed_by"]["title"] == str(experiment.folder / "CITATION.cff")
    assert page["proposed_by"]["description"] == "the run's record"
    assert page["publication"] == {
        "schema": 1,
        "title": "Enzymes",
        "description": "To see",
        "authors": [{"family": "Doe", "given": "Jane"}],
        "licence": "MIT",
        "keywords": ["a", "Größe"],
    }


def test_the_pack_has_it_too_and_who_reads_it_as_a_tar(experiment, pack):
    assert read_publication(pack) == read_publication(experiment.folder / ".rpz-trace")
    with tarfile.open(pack) as tar:
        member = tar.extractfile("EXTENSIONS/rpz/publication.json")
        assert json.load(member)["title"] == "Enzymes"


def test_a_changed_pack_is_sound_and_has_the_same_data(experiment, pack):
    before = read_publication(pack)
    with Pack.open(pack) as opened:
        config, index = opened.config, opened.index
    pack.chmod(0o640)
    write_publication(pack, Publication(title="x" * 100_000))
    assert pack.stat().st_mode & 0o777 == 0o640
    assert list(pack.parent.iterdir()) == [pack]
    with Pack.open(pack) as opened:
        assert opened.config == config
        assert opened.index.blocks == index.blocks
    assert experiment("check", pack).returncode == 0
    write_publication(pack, before)
    assert pack.read_bytes() == (experiment.folder / "experiment.rpz").read_bytes()


def test_a_pack_without_it_is_as_one_that_never_had_it(experiment, pack, tmp_path):
    trace = shutil.copytree(experiment.folder / ".rpz-trace", tmp_path / "trace")
    write_publication(trace, Publication())
    assert not (trace / "publication.json").exists()
    bare = experiment.folder / "bare.rpz"  # the folder that a pack is in is in it
    assert experiment("pack", "-d", trace, bare).returncode == 0
    write_publication(pack, Publication())
    with Pack.open(pack) as opened, Pack.open(bare) as other:
        assert opened.members() == other.members()
    assert read_publication(pack) == Publication()
    assert experiment("check", pack).returncode == 0


def test_a_pack_of_another_program_can_be_told_of(pack, tmp_path):
    other = tmp_path / "other.rpz"
    with tarfile.open(pack) as tar, tarfile.open(other, "w") as copy:
        for member in tar:
            if not member.name.startswith("EXTENSIONS/"):
                copy.addfile(member, tar.extractfile(member))
    write_publication(other, Publication(title="Theirs"))
    assert read_publication(other).title == "Theirs"
    with Pack.open(other) as opened:
        assert opened.index is None
        assert len(list(opened.entries())) > 3
    zipped = tmp_path / "zipped.rpz"
    zipped.write_bytes(gzip.compress(other.read_bytes()))
    with pytest.raises(PackError, match="compressed as a whole"):
        write_publication(zipped, Publication(title="Theirs"))


def test_a_link_to_a_pack_stays_one(pack, tmp_path):
    link = tmp_path / "link.rpz"
    link.symlink_to(pack)
    set_extension(link, "rpz/publication.json", None)
    assert link.is_symlink()
    assert read_publication(pack) == Publication()


def test_what_a_program_says_is_checked_before_it_is_written(pack):
    before = pack.read_bytes()
    with pytest.raises(Exception, match="check digits"):
        write_publication(pack, Publication(authors=(Author("D", orcid="0000-0002-1825-0098"),)))
    assert pack.read_bytes() == before


def test_wrong_options_change_nothing_and_name_the_way_out(experiment, pack):
    before = pack.read_bytes()
    done = experiment("meta", pack, "--title", "New", "--licence", "Apache 2")
    assert done.returncode == 1
    assert b"Apache-2.0" in done.stderr
    assert pack.read_bytes() == before


def test_a_wrong_file_in_the_trace_is_not_packed(experiment, tmp_path):
    trace = shutil.copytree(experiment.folder / ".rpz-trace", tmp_path / "trace")
    (trace / "publication.json").write_text('{"titel": "x"}')
    done = experiment("pack", "-d", trace, tmp_path / "x.rpz")
    assert done.returncode == 1
    assert b"'titel' is no field" in done.stderr
    assert not (tmp_path / "x.rpz").exists()


def test_identifiers_are_those_of_git_and_sha256sum(experiment):
    folder = experiment.folder
    pack = folder / "experiment.rpz"
    words = ["rev-parse", "HEAD", "HEAD^{tree}"]
    named = subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True)
    commit, tree = named.stdout.split()
    words = ["hash-object", "--no-filters", pack]
    blob = subprocess.run([*GIT, *words], cwd=folder, check=True, capture_output=True, text=True)
    found = told(experiment, "experiment.rpz", "--folder", folder)["identifiers"]
    assert found.pop("folders") == {str(folder): f"swh:1:dir:{tree}"}  # all of it was read
    assert found == {
        "sha256": hashlib.sha256(pack.read_bytes()).hexdigest(),
        "swhid": f"swh:1:cnt:{blob.stdout.strip()}",
        "code": [
            {
                "path": str(folder),
                "revision": f"swh:1:rev:{commit}",
                "directory": f"swh:1:dir:{tree}",
                "changed": False,
            }
        ],
    }


def test_the_swhid_of_nothing(tmp_path):
    (tmp_path / "empty").touch()
    found = digests_of(tmp_path / "empty")
    assert found.swhid == "swh:1:cnt:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_on_a_terminal_it_asks_and_a_wrong_answer_is_asked_again(experiment, pack):
    answers = [
        "A new title", "", "-", "Roe, Ann <0000-0002-1825-0098>", "Roe, Ann", "",
        "", "", "-", "", "", "", "", "", "", "",
    ]  # fmt: skip
    control, terminal = pty.openpty()
    try:
        os.write(control, "\n".join([*answers, ""]).encode())
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
        assert experiment.start("meta", pack, **streams).wait(timeout=60) == 0
        printed = os.read(control, 1 << 16).decode()
    finally:
        os.close(control)
        os.close(terminal)
    assert "check digits are wrong" in printed
    assert f"Written to {pack}" in printed
    found = read_publication(pack)
    assert found == Publication(
        title="A new title",
        description="To see",
        authors=(Author("Roe", "Ann"),),
        licence="MIT",
        keywords=("a",),
    )


def test_the_pack_is_cited(experiment):
    done = experiment("cite", "--format", "apa", "experiment.rpz")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"Doe, J. (20")
    done = experiment("cite", "--format", "cff", "experiment.rpz")
    assert b"value: swh:1:rev:" in done.stdout


def test_a_combined_trace_says_what_its_parts_do(experiment, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for trace in (one, other):
        shutil.copytree(experiment.folder / ".rpz-trace", trace)
    write_publication(one, Publication(title="One"))
    write_publication(other, Publication(title="Other", licence="MIT"))
    done = experiment("combine", "-d", tmp_path / "both", one, other)
    assert done.returncode == 0, done.stderr
    assert read_publication(tmp_path / "both") == Publication(title="One", licence="MIT")
