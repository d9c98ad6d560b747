"""Compare two traces of many files: python comparing.py [FILES]."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

A_FOLDER = 500
"""Files in each folder."""
FILES = 50_000
SECONDS, MEGABYTES = 3, 300
"""What is required."""
READER = """\
import os
total = 0
for folder, folders, names in os.walk("data"):
    folders.sort()
    for name in sorted(names):
        total += int(open(os.path.join(folder, name)).read())
open("out.txt", "w").write(str(total))
"""


def main() -> None:
    """Trace a program that reads all files twice, another one of them changed; print a sentence."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        for number in range(count):
            place = folder / "data" / f"{number // A_FOLDER:05}"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number:08}.txt").write_text(f"{number}\n")
        _trace(folder, "one")
        (folder / "data" / "00000" / "00000001.txt").write_text("7\n")
        _trace(folder, "other")
        wall, processor, peak = _compared(folder)
    print(
        f"Two traces of {count:,} files compared: {wall:.1f} s, {processor:.1f} s of processor "
        f"time, {peak:.0f} MB (at most {SECONDS} s and {MEGABYTES} MB for {FILES:,})."
    )


def _trace(folder: Path, name: str) -> None:
    argv = [sys.executable, "-m", "rpz", "trace", "-q", "-d", name, sys.executable, "-c", READER]
    subprocess.run(argv, cwd=folder, check=True)


def _compared(folder: Path) -> tuple[float, float, float]:
    """Return seconds of the clock and of processors, and the peak in MB."""
    start = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "rpz", "diff", "one", "other"], cwd=folder, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 1 or printed.count(b"00000001.txt") != 1:
        sys.exit("The planted difference was not found.")
    wall, processor = time.monotonic() - start, usage.ru_utime + usage.ru_stime
    return wall, processor, usage.ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    main()
