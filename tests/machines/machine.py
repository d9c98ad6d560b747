"""The emulated machines that the tracer is run on: one row each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import SOURCE, require
from tests.tracer.harness import program_names

if TYPE_CHECKING:
    from collections.abc import Mapping

CMAKE = [sys.executable, "-m", "cmake"]
BARE = ("-nostdlib", "-static", "-ffreestanding", "-fno-pie", "-no-pie")
"""Options for a program that is linked with nothing."""
LONGEST = 500
"""Seconds that a machine may take for all programs."""


@dataclass(frozen=True)
class Program:
    """A program that other machines don't have: its source, and options of the compiler."""

    source: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """A kind of machine: how to compile for it and how to start it."""

    processor: str
    elf_machine: bytes
    """``e_machine`` of its programs (elf(5))."""
    compiler: str
    loader: str
    """Where its programs have their dynamic loader."""
    qemu: str
    options: tuple[str, ...]
    boot_parameters: str
    packages: str
    """What has to be installed, of Debian's packages."""
    besides: Mapping[str, Program] = field(default_factory=dict)
    """What it runs besides the programs of all machines, by its place in the file system."""
    without: tuple[str, ...] = ()
    """Programs that are none of its own."""

    @property
    def variable(self) -> str:
        """The variable of the environment that names kernels for it (docs/portability.md)."""
        return f"RPZ_{self.processor.upper()}_KERNELS"

    def kernels(self) -> list[str]:
        """Return the kernels to start; an empty name where there are none."""
        return os.environ.get(self.variable, "").split(os.pathsep)

    def programs(self) -> list[str]:
        """Return the names of the programs that it runs, traced."""
        besides = [Path(place).name for place in self.besides if place.startswith("programs/")]
        return program_names(*self.without) + besides

    def compile(self, source: Path, program: Path, *options: str) -> None:
        """Compile a program for it."""
        flags = ["-std=gnu11", "-O1", "-Wall", *(options or ["-pthread"])]
        subprocess.run([self.compiler, *flags, "-o", program, source], check=True)

    def library(self, name: str) -> Path:
        """Return where the compiler has a shared library for it."""
        argv = [self.compiler, f"-print-file-name={name}"]
        return Path(subprocess.run(argv, capture_output=True, check=True, text=True).stdout.strip())

    def build_tracer(self, build: Path) -> Path:
        """Compile the tracer for it, with warnings as errors."""
        require(self.compiler, f"no {self.compiler} (apt-get install {self.packages})")
        options = {
            "CMAKE_SYSTEM_NAME": "Linux",
            "CMAKE_SYSTEM_PROCESSOR": self.processor,
            "CMAKE_C_COMPILER": self.compiler,
            "RPZ_WERROR": "ON",
        }
        settings = [f"-D{name}={value}" for name, value in options.items()]
        subprocess.run([*CMAKE, "-S", SOURCE / "native", "-B", build, *settings], check=True)
        subprocess.run([*CMAKE, "--build", build], check=True)
        return build / "rpz-tracer"

    def run(self, kernel: str, initramfs: Path) -> dict[str, dict[str, bytes]]:
        """Start the machine; return what each program's run left, by the program's name.

        What that is says ``init.c``.
        """
        require(self.qemu, f"no {self.qemu} (apt-get install {self.packages})")
        argv = [
            *(self.qemu, *self.options, "-smp", "2", "-m", "512"),
            *("-kernel", kernel, "-initrd", initramfs),
            *("-append", f"{self.boot_parameters} quiet panic=-1 rdinit=/init"),
            *("-nographic", "-no-reboot", "-nic", "none"),
        ]
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST
        )
        assert done.returncode == 0, done.stderr
        parts: dict[str, dict[str, bytes]] = defaultdict(lambda: defaultdict(bytes))
        for line in done.stdout.splitlines():
            if line.startswith(b"@ "):
                _, program, part, text = line.decode().split()
                parts[program][part] += bytes.fromhex(text)
        assert "all" in parts, done.stdout
        return parts


HEADERS = "-idirafter/usr/include/x86_64-linux-gnu"
"""The kernel's headers, which the compiler has for programs of 64 bits only."""

MACHINES = (
    Machine(
        processor="aarch64",
        elf_machine=b"\xb7\0",
        compiler="aarch64-linux-gnu-gcc",
        loader="lib/ld-linux-aarch64.so.1",
        qemu="qemu-system-aarch64",
        options=("-machine", "virt", "-cpu", "cortex-a57"),
        boot_parameters="console=ttyAMA0",
        packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm",
        without=("int80",),
    ),
    Machine(
        processor="x86_64",
        elf_machine=b"\x3e\0",
        compiler="x86_64-linux-gnu-gcc",
        loader="lib64/ld-linux-x86-64.so.2",
        qemu="qemu-system-x86_64",
        options=("-accel", "tcg"),  # not the machine's own processor: it may not lend that
        boot_parameters="console=ttyS0 syscall.x32=y mitigations=off",
        packages="gcc-x86-64-linux-gnu libc6-dev qemu-system-x86",
        besides={
            "programs/x32": Program("x32/x32.c"),
            "bin/bare-x32": Program("bare/bare32.c", ("-mx32", HEADERS, *BARE)),
            "bin/bare-i386": Program("bare/bare32.c", ("-m32", HEADERS, *BARE)),
        },
    ),
)
