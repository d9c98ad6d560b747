"""ELF headers and the loader's cache, against what the system's own tools say of them."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rpz.packer.closure.cache import read_cache
from rpz.packer.closure.elf import MAGIC, Elf, read_elf
from rpz.packer.closure.headers import Script, read_header
from tests.conftest import require

PROGRAM = Path(os.path.realpath(shutil.which("sh") or sys.executable))


def test_libraries_are_read_as_readelf_does():
    require("readelf", "no readelf (on Debian and Ubuntu: apt-get install binutils)")
    found = 0
    for folder in ("/usr/bin", "/usr/lib/x86_64-linux-gnu"):
        for path in sorted(Path(folder).glob("*"))[::25]:
            if not path.is_file() or path.suffix == ".o" or path.read_bytes()[:4] != MAGIC:
                continue
            text = subprocess.run(
                ["readelf", "--dynamic", "--program-headers", "--wide", path],
                capture_output=True, check=True,
            ).stdout  # fmt: skip
            elf = read_header(os.fsencode(path))
            assert isinstance(elf, Elf)
            assert list(elf.needed) == re.findall(rb"\(NEEDED\).*\[(.*)\]", text)
            assert [elf.soname] == (re.findall(rb"\(SONAME\).*\[(.*)\]", text) or [None])
            assert [elf.interpreter] == (re.findall(rb"interpreter: (.*)\]", text) or [None])
            runpath = None if elf.runpath is None else b":".join(elf.runpath)
            assert [runpath] == (re.findall(rb"\(RUNPATH\).*\[(.*)\]", text) or [None])
            found += 1
    assert found > 10


def test_the_loaders_cache_is_read_as_ldconfig_does():
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin")
    require(bool(ldconfig), "no ldconfig")
    text = subprocess.run([ldconfig, "-p"], capture_output=True, check=True).stdout
    wanted = re.findall(rb"^\t(\S+) .* => (.*)$", text, re.MULTILINE)
    cache = read_cache(Path("/etc/ld.so.cache").read_bytes())
    assert sorted((n, p) for n, paths in cache.items() for p in paths) == sorted(wanted)
    assert wanted


@settings(deadline=None)
@given(st.data())
def test_damaged_files_are_read_or_passed_over(data):
    content = bytearray(PROGRAM.read_bytes()[: 1 << 14])
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(4, 1023) | st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    found = read_elf(io.BytesIO(bytes(content[: data.draw(st.integers(0, len(content)))])))
    assert found is None or isinstance(found, Elf)


@given(st.binary(max_size=300))
def test_a_damaged_cache_is_read_or_passed_over(data):
    read_cache(b"glibc-ld.so.cache1.1" + data)
    read_cache(data)


def test_the_first_line_of_a_script_names_its_interpreter(tmp_path):
    script = tmp_path / "script"
    for line, interpreter, argument in (
        (b"#!/bin/sh\n", b"/bin/sh", None),
        (b"#! \t/bin/sh -e -x\n", b"/bin/sh", b"-e -x"),
        (b"#!/bin/sh", b"/bin/sh", None),
        (b"#!/usr/bin/env -S python3 -u\n", b"/usr/bin/env", b"-S python3 -u"),
        (b"#!/odd\xff\n", b"/odd\xff", None),
    ):
        script.write_bytes(line)
        read_header.cache_clear()
        assert read_header(os.fsencode(script)) == Script(interpreter, argument)
    script.write_bytes(b"#! \n")
    read_header.cache_clear()
    assert read_header(os.fsencode(script)) is None
