"""``rpz pack`` completes what is packed, and tells what it can't."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rpz.packer.archive.reader import Pack
from tests.conftest import require


@pytest.fixture
def traced(rpz, tmp_path, native_tracer):
    del native_tracer
    (tmp_path / "data").write_text("1")
    done = rpz("trace", "cat", "data")
    assert done.returncode == 0, done.stderr
    return tmp_path / ".rpz-trace" / "config.yml"


def add(config, path):
    """Add a file to the list, as a person does."""
    text = config.read_text()
    assert "\nother_files:\n" in text
    config.write_text(text.replace("\nother_files:\n", f"\nother_files:\n  - {path}\n"))


def members(pack):
    with Pack.open(pack) as opened, opened.data() as tar:
        return {info.name.removeprefix("DATA") for info in tar}


def test_what_a_run_used_is_closed(rpz, traced):
    assert traced.exists()
    done = rpz("pack", "-v")
    assert b"Added" not in done.stderr
    assert b"will not find" not in done.stderr


def test_a_program_that_a_person_adds_can_be_started(rpz, traced, tmp_path):
    """With its libraries, which are listed in the pack's config.yml, too, each once."""
    require("bash", "no bash")
    program = Path(shutil.which("bash")).resolve()
    add(traced, program)
    done = rpz("pack")
    assert b"rpz: Added, because programs in the pack need them (" in done.stderr
    pack = tmp_path / "experiment.rpz"
    libraries = [path for path in members(pack) if "/libtinfo.so" in path]
    assert libraries
    with Pack.open(pack) as opened:
        listed = [str(path) for path in opened.config.other_files]
    assert set(libraries) <= set(listed)
    assert len(listed) == len(set(listed))


def test_an_interpreter_without_its_modules_is_told(rpz, traced):
    python = shutil.which("python3", path="/usr/bin")
    require(bool(python), "no python3 of the distribution")
    add(traced, python)
    told = rpz("pack").stderr.decode()
    program = os.path.realpath(python)
    assert "Added, because programs in the pack need them" in told
    assert f"/encodings/__init__.py, needed by {program} (list them in config.yml)" in told


def test_a_library_that_was_taken_out_is_told(rpz, traced):
    lines = traced.read_text().splitlines(keepends=True)
    traced.write_text("".join(line for line in lines if "libc.so.6" not in line))
    told = rpz("pack").stderr.decode()
    assert "rpz: Programs in the pack will not find: /" in told
    assert "/libc.so.6, needed by /" in told
    assert "(list them in config.yml)" in told


def test_a_program_that_lacks_its_library_is_told(rpz, traced, tmp_path):
    require("cc", "no C compiler")
    build(tmp_path, "libfoo.so", "-shared", text="int foo(void) { return 3; }")
    build(tmp_path, "prog", "-L.", "-lfoo", text="int foo(void); int main(void) { return foo(); }")
    (tmp_path / "libfoo.so").unlink()
    add(traced, tmp_path / "prog")
    told = rpz("pack").stderr.decode()
    assert f"will not find: libfoo.so, needed by {tmp_path}/prog (install them" in told


def build(folder, name, *options, text):
    argv = ["cc", "-x", "c", "-o", name, "-", "-x", "none", *options]
    subprocess.run(argv, input=text.encode(), cwd=folder, check=True)
