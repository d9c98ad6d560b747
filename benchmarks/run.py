"""Measure what tracing and packing cost. See README.md beside this file."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RPZ = str(Path(sysconfig.get_path("scripts"), "rpz"))
REPROZIP = os.environ.get("REPROZIP") or shutil.which("reprozip")
MIB = 1 << 20

COMPUTE = "x = 0\nfor i in range(60_000_000): x ^= i"
IMPORTS = "import numpy, pandas, matplotlib.pyplot"


def compute(_folder: Path) -> list[str]:
    """A loop that makes no system call, some seconds long."""
    return [sys.executable, "-c", COMPUTE]


def imports(_folder: Path) -> list[str]:
    """Import numpy, pandas and matplotlib."""
    return [sys.executable, "-c", IMPORTS]


def compile_c(folder: Path) -> list[str]:
    """Compile 33 small C files, two at a time."""
    for i in range(33):
        source = f'#include <stdio.h>\n#include <stdlib.h>\nint f{i}(void) {{ return puts(""); }}\n'
        (folder / f"f{i}.c").write_text(source)
    return ["sh", "-c", "ls f*.c | xargs -n 1 -P 2 gcc -O0 -c"]


def files(_folder: Path) -> list[str]:
    """Look at every file below /usr/share."""
    return ["sh", "-c", "find /usr/share -size +1 >/dev/null"]


def processes(_folder: Path) -> list[str]:
    """Start /bin/true 500 times."""
    return ["sh", "-c", "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done"]


WORKLOADS: dict[str, Callable[[Path], list[str]]] = {
    "compute": compute,
    "imports": imports,
    "compile": compile_c,
    "files": files,
    "processes": processes,
}


def tracers(folder: Path) -> dict[str, list[str]]:
    """Return the command lines to put before a command: nothing, rpz, the peers that are here."""
    rpz = [RPZ, "trace", "-q", "-w", "-d", str(folder / "rpz-trace")]
    found: dict[str, list[str]] = {"bare": [], "rpz": rpz}
    if REPROZIP:
        found["reprozip"] = [REPROZIP, "-d", str(folder / "reprozip-trace"), "trace", "-w"]
    if strace := shutil.which("strace"):
        log = str(folder / "strace.log")
        found["strace"] = [strace, "--seccomp-bpf", "-f", "-e", "%file,%process", "-o", log]
    return found


def seconds(argv: Sequence[str], folder: Path) -> float:
    """Run a command and return its wall time."""
    start = time.monotonic()
    subprocess.run(
        argv, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.monotonic() - start


def measure(name: str, runs: int) -> None:
    """Time one workload under each tracer in turn, and print a table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        argv = WORKLOADS[name](folder)
        prefixes = tracers(folder)
        times: dict[str, list[float]] = {tracer: [] for tracer in prefixes}
        for _ in range(runs + 1):  # the first round warms the caches
            for tracer, prefix in prefixes.items():
                times[tracer].append(seconds([*prefix, *argv], folder))
    print(f"\n{name}: {WORKLOADS[name].__doc__}")
    bare = min(times["bare"][1:])
    for tracer, (_, *taken) in times.items():
        least, median = min(taken), statistics.median(taken)
        print(f"  {tracer:10} {least:8.3f} s  median {median:8.3f} s  ratio {least / bare:6.2f}")


def make_tree(folder: Path, mebibytes: int) -> None:
    """Fill a folder with one big file, half random and half text, and small ones."""
    with (folder / "big").open("wb") as big:
        for _ in range(mebibytes // 2):
            big.write(os.urandom(MIB))
            big.write(b"0.123456,7.89\n" * (MIB // 14))
    for i in range(2000):
        (folder / f"small{i}").write_bytes(os.urandom(500) * 2)


def pack(_runs: int) -> None:
    """Pack a large experiment, and print time, size and peak memory."""
    mebibytes = 1000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_tree(folder, mebibytes)
        reading = ["sh", "-c", "cat big small* >/dev/null"]
        subprocess.run([RPZ, "trace", "-q", *reading], cwd=folder, check=True)
        taken = seconds([RPZ, "pack", "-q", "x.rpz"], folder)
        size = (folder / "x.rpz").stat().st_size / MIB
    # The largest process waited for so far: only `rpz` and what it starts, for this is run alone.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\npack: {mebibytes} MiB and 2,000 small files")
    print(f"  {taken:.1f} s, {size:.0f} MiB, peak memory of rpz {peak:.0f} MiB")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(WORKLOADS)}, pack")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    names = options.names or ["pack", *WORKLOADS]
    if unknown := set(names) - {*WORKLOADS, "pack"}:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    for name in sorted(names, key=lambda name: name != "pack"):  # its memory is measured first
        if name == "pack":
            pack(options.runs)
        else:
            measure(name, options.runs)


if __name__ == "__main__":
    main()
