"""The native tracer beside strace(1): the kernel's own word on which files were opened, and how."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from rpz.tracer.records import Mode
from tests.conftest import require
from tests.tracer.harness import traced
from tests.tracer.test_differential import PYTHON, SHELL, prepare, python_command

if TYPE_CHECKING:
    from pathlib import Path

OPENING = re.compile(rb"^(?:open|openat|openat2|creat)\((.*)\) += \d+<([\\x0-9a-f]+)>")
"""A call that succeeded: its arguments, and the file behind the descriptor (strace -y -xx)."""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
SCRIPTS = {b"script", b"chained"}
"""What the kernel opens itself, which strace doesn't show."""

TOO_LONG = {"longer paths"}
"""The kernel tells strace no path of more than 4,095 bytes."""


def mode_of(arguments: bytes) -> Mode:
    if b"O_RDWR" in arguments or b"O_WRONLY" in arguments or b"O_CREAT" in arguments:
        return Mode.WRITE
    return Mode.READ


def as_strace_sees(folder: Path, command: list[str]) -> set[tuple[bytes, Mode]]:
    log = folder.with_name("log")
    log.mkdir(exist_ok=True)
    argv = ["strace", "-ff", "-y", "-xx", "-qq", "-e", "trace=open,openat,openat2,creat"]
    subprocess.run(
        [*argv, "-o", log / "of", *command],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    seen = set()
    for path in log.iterdir():
        for line in path.read_bytes().splitlines():
            match = OPENING.match(line)
            if match and b"O_PATH" not in match[1] and b"O_TMPFILE" not in match[1]:
                name = bytes.fromhex(match[2].replace(b"\\x", b"").decode())
                seen.add((name, mode_of(match[1])))
    return {(name, mode) for name, mode in seen if is_compared(name)}


def is_compared(name: bytes) -> bool:
    return name.startswith(b"/") and not name.startswith((b"/proc/", b"/sys/", b"/dev/"))


def compare(folder: Path, command: list[str]) -> None:
    require("strace", "no strace (apt-get install strace)")
    prepare(folder)
    opened = as_strace_sees(folder, command)
    shutil.rmtree(folder)
    prepare(folder)
    uses = traced("native", folder, *command, env=ENVIRONMENT).uses()
    told = {(name, bit) for name, mode in uses for bit in (Mode.READ, Mode.WRITE) if mode & bit}
    assert opened
    assert opened - told == set()
    here = bytes(folder) + b"/"
    read = {name for name, mode in uses if mode in (Mode.READ, Mode.READ | Mode.WRITE)}
    names = {name for name, _ in opened} | {here + script for script in SCRIPTS}
    assert {name for name in read if name.startswith(here)} - names == set()


@pytest.mark.usefixtures("native_tracer")
@pytest.mark.parametrize("name", SHELL)
def test_shell(name: str, tmp_path: Path) -> None:
    compare(tmp_path / "run", ["bash", "-c", SHELL[name]])


@pytest.mark.usefixtures("native_tracer")
@pytest.mark.parametrize("name", sorted(PYTHON.keys() - TOO_LONG))
def test_calls(name: str, tmp_path: Path) -> None:
    compare(tmp_path / "run", python_command(name))
