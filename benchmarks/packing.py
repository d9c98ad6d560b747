"""Time, size and memory of packing: beside ReproZip's, of a million files, of a sparse file.

python benchmarks/packing.py [--mixed] [--many [N]] [--whole [N]] [--sparse]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from many import make_files
from timing import seconds
from tracers import reprozip, rpz

MIB = 1 << 20
BIG_MIB = 1000
SMALL_FILES = 2000
MIXED_MIB = 400
SPARSE = 50 << 30


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
    child = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL)
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


def _copy_real(folder: Path, size: int) -> None:
    """Copy the machine's own files: the libraries of this Python, and what is in /usr/lib."""
    left = size
    tops = [Path(entry) for entry in sys.path if Path(entry).is_dir()] + [Path("/usr/lib")]
    for number, path in enumerate(p for top in tops for p in sorted(top.rglob("*"))):
        if path.is_symlink() or not path.is_file() or not os.access(path, os.R_OK):
            continue
        content = path.read_bytes()[:left]
        (folder / f"{number}{path.suffix}").write_bytes(content)
        left -= len(content)
        if not left:
            return


def _make_mixed(folder: Path) -> None:
    """Programs and sources (half), tables of numbers (a quarter), text, what doesn't compress."""
    folder.mkdir()
    chance = random.Random(1)
    _copy_real(folder, MIXED_MIB // 2 * MIB)
    rows = (",".join(f"{chance.gauss(0, 1):.6f}" for _ in range(10)) for _ in range(1 << 16))
    _repeat(folder / "table.csv", "\n".join(rows), MIXED_MIB // 4 * MIB)
    steps = (f"{chance.randrange(10**6)}: converged in {chance.random()} s" for _ in range(1 << 16))
    _repeat(folder / "log.txt", "\n".join(steps), MIXED_MIB // 8 * MIB)
    (folder / "image.bin").write_bytes(chance.randbytes(MIXED_MIB // 8 * MIB))


def _repeat(path: Path, text: str, size: int) -> None:
    """Write a text again and again: the compressors don't look back far enough to see that."""
    data = text.encode()
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(data)


def _packed(program: list[str], folder: Path, runs: int) -> tuple[float, float]:
    """Trace and pack with a program; return the least time that packing took, and the size."""
    trace = str(folder / f"trace-{Path(program[0]).name}")
    target = folder / "out.rpz"
    reading = ["sh", "-c", "cat mixed/* >/dev/null"]
    seconds([*program, "trace", "-d", trace, *reading], folder)
    times = []
    for _ in range(runs):
        target.unlink(missing_ok=True)
        times.append(seconds([*program, "pack", "-d", trace, str(target)], folder))
    return min(times), target.stat().st_size / MIB


def mixed(runs: int = 3) -> str:
    """Pack 400 MiB of mixed files with rpz, and with ReproZip where it is installed."""
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        _make_mixed(folder / "mixed")
        ours, size = _packed(rpz(), folder, runs)
        told = f"rpz pack, {MIXED_MIB} MiB of mixed files: {ours:.2f} s, {size:.1f} MiB"
        peer = reprozip()
        if peer is None:
            return f"{told} (no reprozip to compare with)."
        theirs, other = _packed([peer], folder, 1)
    return (
        f"{told}; reprozip pack: {theirs:.2f} s, {other:.1f} MiB. "
        f"{theirs / ours:.1f} times as fast (at least 8), "
        f"{size / other:.3f} of the size (at most 1.10)."
    )


def many(count: int) -> str:
    """Write, list and check an archive of many small files, past the trace; tell the memory."""
    script = Path(__file__).with_name("many.py")
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        return subprocess.run(
            [sys.executable, script, temporary, str(count)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()


def whole(count: int) -> str:
    """Trace a run that reads many small files, pack it, and look at the pack; tell the memory."""
    told = []
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        make_files(folder / "files", count)
        for command in (
            ["trace", "-q", "sh", "-c", "grep -r 1 files > /dev/null"],
            ["pack", "-q", "--allow-changed", "x.rpz"],
            ["check", "-q", "x.rpz"],
            ["info", "x.rpz"],
            ["ls", "x.rpz"],
            ["reset", "-q"],
        ):
            start = time.monotonic()
            peak = _peak_mib([*rpz(), *command], folder)
            told.append(f"{command[0]} {time.monotonic() - start:.0f} s, {peak:.0f} MiB")
        size = (folder / "x.rpz").stat().st_size / MIB
    return (
        f"A run that reads {count:,} small files: {'; '.join(told)} "
        f"(pack: 200 MB at most); {size:.0f} MiB."
    )


def sparse() -> str:
    """Trace, pack, check and unpack a run that reads the end of a sparse file of 50 GB."""
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        with (folder / "sparse").open("wb") as file:
            for place in range(0, SPARSE, SPARSE // 100):
                file.seek(place)
                file.write(os.urandom(10_000))
            file.truncate(SPARSE)
        before = _on_disk(folder / "sparse")
        (folder / "out").mkdir()
        reading = ["tail", "-c", "100", "sparse"]
        seconds([*rpz(), "trace", "--no-hash", *reading], folder)
        steps = {
            "pack": seconds([*rpz(), "pack", "x.rpz"], folder),
            "check": seconds([*rpz(), "check", "x.rpz"], folder),
            "extract": seconds(
                [*rpz(), "extract", "x.rpz", f"{folder}/sparse", "-C", "out"], folder
            ),
        }
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        after = _on_disk(Path(f"{folder}/out{folder}/sparse"))
        size = (folder / "x.rpz").stat().st_size / MIB
    told = ", ".join(f"{name} {took:.2f} s" for name, took in steps.items())
    return (
        f"A sparse file of {SPARSE >> 30} GiB, {before:.2f} MiB on disk: {told}; pack of "
        f"{size:.2f} MiB, {after:.2f} MiB on disk when extracted; peak memory {peak:.0f} MiB."
    )


def _on_disk(path: Path) -> float:
    return path.stat().st_blocks * 512 / MIB


def main() -> None:
    """Do what was asked for, else all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--many", type=int, nargs="?", const=1_000_000)
    parser.add_argument("--whole", type=int, nargs="?", const=1_000_000)
    parser.add_argument("--sparse", action="store_true")
    chosen = parser.parse_args()
    everything = not (chosen.mixed or chosen.many or chosen.whole or chosen.sparse)
    started = time.monotonic()
    if chosen.mixed or everything:
        print(mixed(), flush=True)
    if chosen.sparse or everything:
        print(sparse(), flush=True)
    if chosen.many or everything:
        print(many(chosen.many or 1_000_000), flush=True)
    if chosen.whole or everything:
        print(whole(chosen.whole or 1_000_000), flush=True)
    print(f"({time.monotonic() - started:.0f} s in all)")


if __name__ == "__main__":
    main()
