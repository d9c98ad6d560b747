"""Versions of interpreters, and how programs were compiled, of real runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from rpz.provenance.interpreters import INTERPRETERS
from rpz.provenance.origin import made_of
from tests.conftest import require
from tests.tracer.harness import compiler

if TYPE_CHECKING:
    from pathlib import Path

STARTED = {
    "Python": ("/usr/bin/python3", "-V"),
    "perl": ("/usr/bin/perl", "-e", "print substr($^V, 1)"),
    "bash": ("/bin/bash", "-c", "echo ${BASH_VERSION}"),
    "ruby": ("/usr/bin/ruby", "-e", 'puts "#{RUBY_VERSION}p#{RUBY_PATCHLEVEL}"'),
    "R": ("/usr/bin/Rscript", "-e", "cat(format(getRversion()))"),
    "Java": ("/usr/bin/java", "-version"),
}  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """Return a compiled program, with a build-id."""
    folder = tmp_path_factory.mktemp("program")
    return built(folder, "int main(void) { return 0; }")


def built(folder: Path, code: str) -> Path:
    (folder / "a.c").write_text(code)
    words = [compiler(), "-Wl,--build-id", "-o", folder / "prog ram", folder / "a.c"]
    subprocess.run(words, check=True)
    return folder / "prog ram"


def test_interpreters(rpz):
    """What their files say is what they say themselves."""
    for program, *_ in STARTED.values():
        require(program, f"no {program}")
    told = {}
    for name, words in STARTED.items():
        done = subprocess.run(words, capture_output=True, check=True)
        told[name] = re.search(r"\d[\w.()+]*", (done.stdout + done.stderr).decode())[0]
    script = "; ".join(shlex.join(words) for words in STARTED.values())
    done = rpz("trace", "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    facts = json.loads(rpz("show", "--json").stdout)["facts"]["program"]
    found = dict(f["value"].split(" ") for f in facts if f["name"] == "interpreter")
    assert {name: found[name].removesuffix("(1)") for name in STARTED} == {
        name: version.removesuffix("(1)") for name, version in told.items()
    }
    assert f"interpreter Python {told['Python']} (/usr/bin/python3" in rpz("show").stdout.decode()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (b"/opt/julia/lib/libjulia.so.1.9.4", ("Julia", b"1.9.4")),
        (b"/usr/lib/x/octave/7.3.0/liboctinterp.so.10", ("Octave", b"7.3.0")),
        (b"/missing/bin/python3.11", None),
        (b"/missing/lib/libR.so", None),
        (b"/usr/share/python3.11/x", None),
    ],
)
def test_versions_of_paths(path, found):
    versions = [(i.name, i.version_of(path)) for i in INTERPRETERS]
    assert [pair for pair in versions if pair[1]] == ([found] if found else [])


def test_a_compiled_program(rpz, program, tmp_path):
    assert rpz("trace", "-d", "one", program).returncode == 0
    assert b"GCC: " in rpz("show", "one").stdout
    facts = json.loads(rpz("show", "one", "--json").stdout)["facts"]["program"]
    (build_id,) = [fact for fact in facts if fact["name"] == "build id"]
    assert (build_id["source"], len(build_id["value"])) == (str(program), 40)
    other = built(tmp_path, "int main(void) { return 0 * 7; } int x = 7;")
    assert rpz("trace", "-d", "other", other).returncode == 0
    words = ("--json", "--map", f"{program.parent}={tmp_path}")
    found = json.loads(rpz("diff", "one", "other", *words).stdout)
    (difference,) = found["code"]  # the name has a * for what looks random
    assert difference["name"].startswith("build id of /tmp/") or str(other) in difference["name"]
    assert difference["one"] == build_id["value"] != difference["other"]


def test_the_systems_programs_are_not_told(rpz):
    assert rpz("trace", "true").returncode == 0
    assert "program" not in json.loads(rpz("show", "--json").stdout)["facts"]


def test_damaged_programs(program, tmp_path):
    """Say nothing, or less."""
    content = program.read_bytes()
    whole = made_of(os.fsencode(program))
    assert [name for name, _ in whole] == ["build id", "compiler"]
    place = tmp_path / "damaged"
    for length in (0, 3, 16, 60, 63, 64, len(content) // 2, len(content) - 1, len(content) - 64):
        place.write_bytes(content[:length])
        assert set(made_of(os.fsencode(place))) <= set(whole)
    for offset in range(0, 64, 3):
        place.write_bytes(content[:offset] + b"\xff" + content[offset + 1 :])
        made_of(os.fsencode(place))
    os.mkfifo(tmp_path / "pipe")
    assert made_of(os.fsencode(tmp_path / "pipe")) == []
    assert made_of(os.fsencode(tmp_path / "missing")) == []
