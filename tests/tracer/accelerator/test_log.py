"""What a process has written into its log is read, whatever it is."""

from __future__ import annotations

import platform
import subprocess
from typing import TYPE_CHECKING

from tests.conftest import PROGRAMS, SOURCE, require
from tests.tracer.accelerator.conftest import SANITIZERS

if TYPE_CHECKING:
    from pathlib import Path


def built(name: str, folder: Path) -> Path:
    """Build a program that reads a log as the tracer does, with the sanitizers."""
    require(platform.machine() == "x86_64", "the accelerator is of x86-64")
    require("cc", "no C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev)")
    native = SOURCE / "native" / "accelerator"
    program = folder / name
    sources = [PROGRAMS / "accelerator" / f"{name}.c", native / "log.c"]
    flags = ["-std=c11", "-D_GNU_SOURCE", f"-I{native}", *SANITIZERS]
    subprocess.run(["cc", *flags, "-o", program, *sources], check=True)
    return program


def test_reading_stays_within_the_log_and_ends(tmp_path: Path) -> None:
    program = built("fuzz_log", tmp_path)
    for seed in ("1", "12345"):
        ran = subprocess.run([program, seed], check=False, capture_output=True, text=True)
        assert (ran.returncode, ran.stderr) == (0, "")


def test_what_was_read_is_given_back_where_memory_is_to_be_spared(tmp_path: Path) -> None:
    program = built("sparing", tmp_path)
    ran = subprocess.run([program], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
