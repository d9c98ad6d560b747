"""The table of traced calls is complete: each call of the kernel's headers names a file and is in
``native/syscalls/table.inc``, or is known here to name none."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.conftest import SOURCE
from tests.tracer.harness import compiler

TABLE = SOURCE / "native" / "syscalls" / "table.inc"

HEADERS = {
    "x86-64": "asm/unistd_64.h",
    "i386": "asm/unistd_32.h",
    "x32": "asm/unistd_x32.h",
    "generic": "asm-generic/unistd.h",
}

PATHLESS = frozenset((SOURCE / "tests" / "tracer" / "pathless.txt").read_text().split())
"""Calls that name no file by a path: reviewed, also those of headers newer than some machine's.

Names of POSIX message queues, kernel modules, file system types and keys are not paths."""

ASIDE = {
    "arch_specific_syscall": "the place for an architecture's own",
    "syscalls": "how many there are",
}


def table() -> list[str]:
    """Return the calls that have a row, once for each."""
    return re.findall(
        r"^(?:CALL|LOOK)(?:_IF|_UNLESS)?\((?:.*\), )?(\w+), enter_", TABLE.read_text(), re.MULTILINE
    )


def calls_of(header: str) -> set[str]:
    """Return the calls that a header of this machine has numbers for."""
    command = [compiler(), "-E", "-dM", "-include", header, "-x", "c", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(re.findall(r"^#define __NR(?:3264)?_(\w+) ", done.stdout, re.MULTILINE))


def unclassified(calls: set[str]) -> list[str]:
    return sorted(calls - set(table()) - PATHLESS - set(ASIDE))


@pytest.mark.parametrize("abi", HEADERS)
def test_each_call_is_traced_or_names_no_file(abi: str) -> None:
    header = HEADERS[abi]
    probe = f"#if !__has_include(<{header}>)\n#error missing\n#endif\n"
    if (
        abi != "generic"
        and subprocess.run(
            [compiler(), "-E", "-x", "c", "-"],
            input=probe.encode(),
            capture_output=True,
            check=False,
        ).returncode
    ):
        pytest.skip(f"{header} is of another architecture")
    calls = calls_of(header)
    assert {"openat", "execve"} <= calls
    assert unclassified(calls) == []


def test_a_new_call_has_to_be_classified() -> None:
    assert unclassified({"openat", "read", "openat3"}) == ["openat3"]


def test_nothing_is_said_twice() -> None:
    assert len(table()) == len(set(table()))
    assert set(table()) & PATHLESS == set()
    assert set(table()) & set(ASIDE) == set()


def test_every_row_is_found() -> None:
    """The pattern above reads all rows that the compiler sees."""
    assert len(table()) == len(re.findall(r"^(?:CALL|LOOK)", TABLE.read_text(), re.MULTILINE))
