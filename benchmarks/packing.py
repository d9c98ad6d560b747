"""Time and memory of ``rpz pack`` on a large experiment."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from timing import seconds
from tracers import rpz

MIB = 1 << 20
BIG_MIB = 1000
SMALL_FILES = 2000


@dataclass(frozen=True)
class Packing:
    """What packing took."""

    seconds: float
    pack_mib: float
    peak_mib: float


def _make_tree(folder: Path) -> None:
    """Fill a folder with one big file, half random and half text, and small ones."""
    with (folder / "big").open("wb") as big:
        for _ in range(BIG_MIB // 2):
            big.write(os.urandom(MIB))
            big.write(b"0.123456,7.89\n" * (MIB // 14))
    for i in range(SMALL_FILES):
        (folder / f"small{i}").write_bytes(os.urandom(500) * 2)


def _peak_mib(argv: list[str], folder: Path) -> float:
    """Run a command; return the peak memory of it and its children."""
    child = subprocess.Popen(argv, cwd=folder)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, argv)
    return usage.ru_maxrss / 1024


def pack() -> Packing:
    """Pack once for the time, and once more for the memory."""
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        _make_tree(folder)
        reading = ["sh", "-c", "cat big small* >/dev/null"]
        subprocess.run([*rpz(), "trace", "-q", *reading], cwd=folder, check=True)
        taken = seconds([*rpz(), "pack", "-q", "x.rpz"], folder)
        size = (folder / "x.rpz").stat().st_size / MIB
        peak = _peak_mib([*rpz(), "pack", "-q", "y.rpz"], folder)
    return Packing(taken, size, peak)
