"""C libraries besides the machine's own: those of the roots that ``scripts/libc-roots`` makes."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.conftest import PROGRAMS

ROOTS = [Path(root) for root in os.environ.get("RPZ_LIBC_ROOTS", "").split(":") if root]
"""Releases of Debian, the newest last."""
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-pthread"]


@dataclass(frozen=True)
class Library:
    """A C library of a root: ``glibc`` or ``musl``."""

    root: Path
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.root.name}"

    def compile(self, name: str, folder: Path) -> Path:
        """Compile a program of ``tests/programs/accelerator`` for it, to run outside the root."""
        program = folder / name
        source = PROGRAMS / "accelerator" / f"{name}.c"
        arguments = {"glibc": _with_glibc, "musl": _with_musl}[self.kind](self.root, source)
        subprocess.run(["gcc", *FLAGS, "-o", program, *arguments], check=True)
        return program


def _with_glibc(root: Path, source: Path) -> list[str | Path]:
    run, build = root / "lib/x86_64-linux-gnu", root / "usr/lib/x86_64-linux-gnu"
    return [
        *(f"--sysroot={root}", f"-B{build}/", f"-L{build}", f"-L{run}"),
        f"-Wl,--dynamic-linker={run}/ld-linux-x86-64.so.2",
        f"-Wl,--disable-new-dtags,-rpath={run}:{build}",  # the old tag is for libraries, too
        *(source, "-Wl,--as-needed", "-l:libpthread.so.0"),
    ]


def _with_musl(root: Path, source: Path) -> list[str | Path]:
    headers, build = root / "usr/include", root / "usr/lib/x86_64-linux-musl"
    return [
        *("-nostdinc", "-isystem", headers / "x86_64-linux-musl", "-isystem", _gcc_headers()),
        *("-idirafter", headers / "x86_64-linux-gnu", "-idirafter", headers, "-nostdlib"),
        f"-Wl,--dynamic-linker={root}/lib/ld-musl-x86_64.so.1",
        *(build / "Scrt1.o", build / "crti.o", source, f"-L{build}", "-lc", "-lgcc"),
        build / "crtn.o",
    ]


@cache
def _gcc_headers() -> str:
    said = subprocess.run(
        ["gcc", "-print-file-name=include"], capture_output=True, check=True, text=True
    )
    return said.stdout.strip()
