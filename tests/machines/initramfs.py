"""The file system that a machine starts with."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.conftest import PROGRAMS
from tests.tracer.harness import program_names

if TYPE_CHECKING:
    from tests.machines.machine import Machine

FOLDERS = ("proc", "sys", "dev", "run", "tmp", "bin", "lib", "lib64", "programs", "prepare")
PREPARED = ("snapshots",)
"""Programs that make their files first, when they are run with an argument."""


def make_initramfs(machine: Machine, tracer: Path, folder: Path) -> Path:
    """Make the file system of a machine in a folder; return it as an archive."""
    root, archive = folder / "root", folder / "initramfs"
    for name in FOLDERS:
        (root / name).mkdir(parents=True)
    for name in PREPARED:
        (root / "prepare" / name).touch()
    shutil.copy(tracer, root)
    shutil.copy(machine.library("libc.so.6"), root / "lib")
    shutil.copy(machine.library(Path(machine.loader).name), root / machine.loader)
    compile_programs(machine, root)
    write_archive(root, archive)
    return archive


def compile_programs(machine: Machine, root: Path) -> None:
    machine.compile(Path(__file__).parent / "init.c", root / "init", "-static")
    nothing = root / "nothing.c"
    nothing.write_text("int main(void) { return 0; }")
    machine.compile(nothing, root / "bin" / "true")
    (root / "bin" / "sh").symlink_to("true")
    for name in program_names(*machine.without):
        machine.compile(PROGRAMS / f"{name}.c", root / "programs" / name)
    for place, program in machine.besides.items():
        machine.compile(PROGRAMS / program.source, root / place, *program.options)


def write_archive(root: Path, archive: Path) -> None:
    """Write a folder as an initial file system: a cpio of the newc format (cpio(5))."""
    with archive.open("wb") as out:
        for number, path in enumerate([root, *sorted(root.rglob("*"))], 1):
            name = os.fsencode(path.relative_to(root))
            write_member(out, number, name, path.lstat(), content_of(path))
        write_member(out, 0, b"TRAILER!!!", None, b"")


def content_of(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(path.readlink())
    return path.read_bytes() if path.is_file() else b""


def write_member(
    out: IO[bytes], number: int, name: bytes, status: os.stat_result | None, content: bytes
) -> None:
    mode = status.st_mode if status else 0
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = [number, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
    out.write(header + bytes(-len(header) % 4) + content + bytes(-len(content) % 4))
