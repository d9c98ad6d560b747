"""We take the packs of ReproZip's own packer, which traces and packs here.

``RPZ_REPROZIP`` is the path of its program, of a virtual environment with ``reprozip`` and
``setuptools`` in it.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tarfile

import pytest

from tests.conftest import require
from tests.packer.archive.test_formats import version_1, zipped
from tests.provenance.export.validation import found_in

SCRIPT = """
import collections, json, sys
words = collections.Counter(open(sys.argv[1]).read().split())
json.dump(words, open(sys.argv[2], "w"), sort_keys=True)
print(words.most_common(1))
"""


@pytest.fixture
def reprozip(tmp_path):
    program = os.environ.get("RPZ_REPROZIP")
    require(program, "RPZ_REPROZIP is not set")
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "REPROZIP_USAGE_STATS": "off"}
    environment.pop("PYTHONPATH", None)

    def run(*arguments, cwd):
        done = subprocess.run(
            [program, *arguments], cwd=cwd, env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        own = (b"Configuration file written", b"Edit that file")
        return b"".join(
            li for li in done.stdout.splitlines(keepends=True) if not li.startswith(own)
        )

    return run


def done(result, status=0):
    assert result.returncode == status, result.stderr.decode(errors="replace")
    return result


@pytest.fixture
def packed(reprozip, tmp_path):
    """A pack of two runs by ReproZip, what they printed, and their folder, out of reach since."""
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "words.txt").write_text("a pear and a pear and a plum\n")
    (lab / "count.py").write_text(SCRIPT)
    python = os.path.realpath(sys.executable)
    printed = reprozip("trace", python, "count.py", "words.txt", "out.json", cwd=lab)
    printed += reprozip("trace", "--continue", "sh", "-c", "cat out.json; echo; exit 0", cwd=lab)
    reprozip("pack", "../reprozip.rpz", cwd=lab)
    lab.rename(tmp_path / "out-of-reach")
    return tmp_path / "reprozip.rpz", printed, lab


def test_its_pack_is_shown(rpz, packed):
    path, _, lab = packed
    found = json.loads(done(rpz("info", "--json", path)).stdout)
    assert [run["id"] for run in found["runs"]] == ["run0", "run1"]
    assert [run["exitcode"] for run in found["runs"]] == [0, 0]
    named = {item["path"]: item for item in found["inputs_outputs"]}
    assert named[str(lab / "words.txt")]["read_by_runs"] == [0]
    assert named[str(lab / "out.json")]["written_by_runs"] == [0]
    assert done(rpz("show", f"{path}:run0")).stdout.count(b"words.txt (29 bytes)") == 1
    (process,) = json.loads(done(rpz("ps", f"{path}:0", "--json")).stdout)
    assert process["commands"][0][1:] == ["count.py", "words.txt", "out.json"]
    assert (process["status"], process["seconds"]) == (0, None)
    files = {f["path"]: f for f in json.loads(done(rpz("files", f"{path}:0", "--json")).stdout)}
    digest = "7a31f6dea5b2475a"
    assert files[f"{lab}/words.txt"]["before"]["sha256"].startswith(digest)
    assert files[f"{lab}/out.json"]["made"]
    assert "HOME" in json.loads(done(rpz("env", f"{path}:0", "--json")).stdout)


def test_its_pack_is_published_without_secrets(rpz, reprozip, tmp_path):
    token = "ghp_" + "k3Jd8sLq0Zx7Vb2Nm5Ty9Rw4Ue6Pa1Sc0Df8"
    (tmp_path / "in").write_text("1\n")
    reprozip("trace", "sh", "-c", "cat in > out", "x", f"--token={token}", cwd=tmp_path)
    reprozip("pack", "x.rpz", cwd=tmp_path)
    done(rpz("meta", "--title", "T", "--licence", "MIT", "--publisher", "Zenodo", "--author",
             "Doe, J (CNRS; 02feahw73)", "x.rpz"))  # fmt: skip
    result = done(rpz("export", "x.rpz", "--ro-crate", "crate", "--with-files"))
    assert b"rpz: x.rpz holds what looks like secrets: " in result.stderr
    assert b"--token" in result.stderr
    crate = tmp_path / "crate"
    for path in (path for path in crate.rglob("*.*") if path.suffix != ".rpz"):
        assert token.encode() not in path.read_bytes(), path
    assert (crate / "inputs" / "in").read_text() == "1\n"
    (found,) = found_in(crate)
    assert {words for _, words, _ in found} == {
        "The Action SHOULD have an endTime in ISO 8601 format"  # ReproZip doesn't record it
    }
    readme = (crate / "README.md").read_text()
    assert "1970" not in readme + (crate / "CITATION.cff").read_text()
    assert "- Program: `/usr/bin/" in readme


def test_its_pack_is_listed_checked_and_taken_apart(rpz, packed, tmp_path):
    path, _, lab = packed
    assert f" 29 {lab}/words.txt\n" in done(rpz("ls", path, "*.txt")).stdout.decode()
    checked = done(rpz("check", path)).stdout
    assert checked.startswith(bytes(path) + b" is sound: ")
    assert b"Not all could be checked: it has no manifest" in checked
    (tmp_path / "taken").mkdir()
    done(rpz("extract", path, lab / "words.txt", "-C", "taken"))
    assert (tmp_path / "taken" / str(lab)[1:] / "words.txt").read_text().endswith("a plum\n")


def as_it_is(path):
    """Version 2, as ReproZip 1.3.2 writes it."""
    assert path.exists()


def as_version_1(path):
    """One compressed tar, with the files in it."""
    with tarfile.open(path) as tar:
        metadata = {
            name: tar.extractfile(name).read()
            for name in ("METADATA/trace.sqlite3", "METADATA/config.yml")
        }
        data = gzip.decompress(tar.extractfile("DATA.tar.gz").read())
    path.write_bytes(version_1(metadata, data))


def as_zip(path):
    """A ZIP of the same members, as ReproZip takes them."""
    with tarfile.open(path) as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar if info.isfile()}
    path.write_bytes(zipped(members))


@pytest.mark.parametrize("form", [as_it_is, as_version_1, as_zip])
def test_its_pack_is_run_with_the_same_bytes(rpz, packed, tmp_path, backend, form):
    path, printed, lab = packed
    form(path)
    made = (tmp_path / "out-of-reach/out.json").read_bytes()
    done(rpz("unpack", backend, path, "target"))
    try:
        assert done(rpz("run", "target")).stdout == printed
        done(rpz("download", "target", f"{lab / 'out.json'}:taken"))
        assert (tmp_path / "taken").read_bytes() == made
        assert done(rpz("run", "target", "run1")).stdout == made + b"\n"
    finally:
        done(rpz("destroy", "target"))


def test_its_trace_is_refused_in_a_sentence(rpz, packed, tmp_path):
    assert packed
    for arguments in (["combine", "out-of-reach/.reprozip-trace"], ["pack", "-d", "copy"]):
        (tmp_path / "copy").unlink(missing_ok=True)
        (tmp_path / "copy").symlink_to("out-of-reach/.reprozip-trace")
        refused = done(rpz(*arguments), 1)
        assert b"was not made by rpz" in refused.stderr
        assert refused.stderr.count(b"\n") == 1


def test_its_packs_are_compared(rpz, reprozip, tmp_path):
    """What they tell is compared; what they don't is said, and is no difference."""
    lab = tmp_path / "lab"
    lab.mkdir()
    command = ("/usr/bin/sort", "words.txt", "-o", "sorted.txt")
    for name in ("one", "other"):
        (lab / "words.txt").write_text(f"a pear and {name}\n")
        (lab / "sorted.txt").unlink(missing_ok=True)
        reprozip("trace", "--overwrite", *command, cwd=lab)
        reprozip("pack", f"../{name}.rpz", cwd=lab)
    told = done(rpz("diff", "one.rpz", "other.rpz", "--json"), 1)
    found = json.loads(told.stdout)
    (words,) = found.pop("inputs")
    assert words["name"] == str(lab / "words.txt")
    assert len(found.pop("unknown")) == 4
    assert not any(found.values())
    assert told.stderr.count(b"is of ReproZip's: it doesn't tell") == 2
    answer = json.loads(done(rpz("why", "one.rpz", "other.rpz", "sorted.txt", "--json"), 1).stdout)
    assert [cause["file"] for cause in answer["causes"]] == [words["name"]]
    assert answer["differs"] is None
    same = done(rpz("diff", "one.rpz", "one.rpz"))
    assert same.stdout == b"Nothing differs that the traces tell.\n"

    own = type(rpz)(lab, {**rpz.environment, "HOME": str(tmp_path / "home")})
    assert done(own("trace", "-d", "../own", *command))
    found = json.loads(done(rpz("diff", "own", "one.rpz", "--json"), 1).stdout)
    assert [difference["name"] for difference in found["inputs"]] == [words["name"]]
    for kind in ("code", "parameters", "packages", "host", "processes", "chance", "outputs"):
        assert found[kind] == []
