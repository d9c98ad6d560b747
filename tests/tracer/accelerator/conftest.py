"""The program that prints what native/accelerator finds, and libraries of a few instructions."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROGRAMS, SOURCE, require

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SANITIZERS = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@dataclass(frozen=True)
class Site:
    """A system call that can be redirected: a row of ``struct site_table``."""

    address: int
    number: int
    back: int
    between: bytes


@dataclass(frozen=True)
class Finder:
    """tests/programs/accelerator/sites.c, built with the sanitizers."""

    program: Path

    def output(self, *arguments: object) -> str:
        """Run it; what a sanitizer finds is a failure."""
        argv = [str(argument) for argument in (self.program, *arguments)]
        ran = subprocess.run(argv, check=False, capture_output=True, text=True)
        assert ran.returncode in (0, 1), ran.stderr
        assert not ran.stderr
        return ran.stdout

    def rows(self, file: Path) -> dict[str, list[list[str]]]:
        """What is found in a file, by the first word of each line; nothing: it is refused."""
        rows: dict[str, list[list[str]]] = {}
        for line in self.output(file).splitlines():
            word, *fields = line.split(" ")
            rows.setdefault(word, []).append(fields)
        return rows

    def sites(self, file: Path) -> list[Site]:
        """The sites of a file; none: it is refused."""
        return [
            Site(int(address, 16), int(number), int(back, 16), bytes.fromhex(between))
            for address, number, back, between in self.rows(file).get("site", [])
        ]


MODULES = ("sites", "flow", "movable", "length", "ranges", "frames", "symbols", "image")
"""Of native/accelerator: those that find sites."""


def build(
    name: str,
    factory: pytest.TempPathFactory,
    *options: str,
    modules: Sequence[str] = MODULES,
) -> Path:
    """Compile a program of tests/programs/accelerator with what finds sites, or other modules."""
    require(platform.machine() == "x86_64", "the accelerator is of x86-64")
    require("cc", "no C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev)")
    native = SOURCE / "native" / "accelerator"
    sources = [PROGRAMS / "accelerator" / f"{name}.c"]
    sources += [native / f"{module}.c" for module in modules]
    program = factory.mktemp(name) / name
    flags = ["-std=c11", "-D_GNU_SOURCE", f"-I{native}", *options]
    subprocess.run(["cc", *flags, "-o", program, *sources], check=True)
    return program


def run(program: Path, *arguments: str) -> None:
    """Run a program that checks itself; what a sanitizer finds is a failure."""
    ran = subprocess.run([program, *arguments], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.fixture(scope="session")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    """What finds sites."""
    return Finder(build("sites", tmp_path_factory, *SANITIZERS))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a shared library of assembly."""
    folder = tmp_path_factory.mktemp("libraries")

    def make(name: str, assembly: str, *options: str) -> Path:
        source, made = folder / f"{name}.s", folder / f"{name}.so"
        source.write_text(f'.text\n{assembly}\n.section .note.GNU-stack,"",@progbits\n')
        flags = ["-shared", "-nostdlib", "-Wl,-z,separate-code,--build-id=sha1,--eh-frame-hdr"]
        subprocess.run(["cc", *flags, *options, "-o", made, source], check=True)
        return made

    return make
