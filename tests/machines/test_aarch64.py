"""The tracer on another processor: cross-compiled here, run in an emulated machine."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from rpz.tracer.stream import read_records
from tests.conftest import PROGRAMS, SOURCE, require
from tests.tracer.harness import Traced, check_stream, program_names

CMAKE = [sys.executable, "-m", "cmake"]
TARGET = "aarch64-linux-gnu"
COMPILER = f"{TARGET}-gcc"
QEMU = "qemu-system-aarch64"
LIBRARIES = Path("/usr") / TARGET / "lib"
HERE = Path(__file__).parent
KERNEL = "RPZ_AARCH64_KERNEL"
"""The variable that names a kernel for the machine (docs/portability.md)."""
ELSEWHERE = ("int80",)
"""Programs for x86 only."""


def compile_for_target(source: Path, program: Path, *options: str) -> Path:
    flags = ["-std=gnu11", "-O1", "-Wall", "-pthread", *options]
    subprocess.run([COMPILER, *flags, "-o", program, source], check=True)
    return program


@pytest.fixture(scope="module")
def tracer(tmp_path_factory):
    """The tracer, with warnings as errors."""
    require(COMPILER, f"no cross compiler (apt-get install gcc-{TARGET} libc6-dev-arm64-cross)")
    build = tmp_path_factory.mktemp("cross")
    options = {
        "CMAKE_SYSTEM_NAME": "Linux",
        "CMAKE_SYSTEM_PROCESSOR": "aarch64",
        "CMAKE_C_COMPILER": COMPILER,
        "RPZ_WERROR": "ON",
    }
    settings = [f"-D{name}={value}" for name, value in options.items()]
    subprocess.run([*CMAKE, "-S", SOURCE / "native", "-B", build, *settings], check=True)
    subprocess.run([*CMAKE, "--build", build], check=True)
    return build / "rpz-tracer"


def test_compiles(tracer):
    assert tracer.read_bytes()[18:20] == b"\xb7\0"  # e_machine: EM_AARCH64 (elf(5))


def lay_out(root: Path, tracer: Path) -> None:
    """Make the file system of the machine."""
    for folder in ("proc", "sys", "dev", "run", "tmp", "bin", "lib", "programs"):
        (root / folder).mkdir(parents=True)
    shutil.copy(tracer, root)
    for library in ("ld-linux-aarch64.so.1", "libc.so.6"):
        shutil.copy(LIBRARIES / library, root / "lib")
    compile_for_target(HERE / "init.c", root / "init", "-static")
    nothing = root / "nothing.c"
    nothing.write_text("int main(void) { return 0; }")
    compile_for_target(nothing, root / "bin" / "true")
    (root / "bin" / "sh").symlink_to("true")
    for name in program_names(*ELSEWHERE):
        compile_for_target(PROGRAMS / f"{name}.c", root / "programs" / name)


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


def write_member(out, number: int, name: bytes, status, content: bytes) -> None:
    mode = status.st_mode if status else 0
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = [number, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + name + b"\0"
    out.write(header + bytes(-len(header) % 4) + content + bytes(-len(content) % 4))


@pytest.fixture(scope="module")
def machine(tracer, tmp_path_factory):
    """What each program's run left, by the program's name: a machine has run them all."""
    require(QEMU, f"no {QEMU} (apt-get install qemu-system-arm)")
    kernel = os.environ.get(KERNEL, "")
    require(bool(kernel), f"{KERNEL} names no kernel (docs/portability.md)")
    folder = tmp_path_factory.mktemp("machine")
    lay_out(folder / "root", tracer)
    write_archive(folder / "root", folder / "initramfs")
    argv = [
        *(QEMU, "-machine", "virt", "-cpu", "cortex-a57", "-smp", "2", "-m", "512"),
        *("-kernel", kernel, "-initrd", folder / "initramfs"),
        *("-append", "console=ttyAMA0 quiet panic=-1 rdinit=/init"),
        *("-nographic", "-no-reboot", "-nic", "none"),
    ]
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr
    parts = defaultdict(lambda: defaultdict(bytes))
    for line in done.stdout.splitlines():
        if line.startswith(b"@ "):
            _, program, part, text = line.decode().split()
            parts[program][part] += bytes.fromhex(text)
    assert "all" in parts, done.stdout
    return parts


@pytest.mark.parametrize("name", program_names(*ELSEWHERE))
def test_programs(name, machine, tmp_path):
    parts = machine[name]
    (tmp_path / "records").write_bytes(parts["records"])
    stream = list(read_records(tmp_path / "records"))
    run = Traced(parts["status"][0], parts["stdout"], parts["stderr"], stream)
    assert (run.status, run.stderr) == (0, b"")
    assert run.missing() == []
    check_stream(run.records)
