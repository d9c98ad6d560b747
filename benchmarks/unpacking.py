"""Time and memory of unpacking to a chroot, beside GNU tar on the same data.

python benchmarks/unpacking.py [--runs N] [--in FOLDER] [--small N]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from many import CONFIG, make_files, members
from packing import MIXED_MIB, make_mixed
from timing import seconds
from tracers import rpz

from rpz.packer.archive.format import DATA
from rpz.packer.archive.writer import Content, write_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SMALL_FILES = 50_000
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""A small process of its own: a child has at least the memory of the process that starts it."""


@dataclass(frozen=True)
class Data:
    """The same files as a pack, as its compressed tar and as the tar alone."""

    pack: Path
    zipped: Path
    plain: Path


def _written(folder: Path, files: Path) -> Data:
    """Pack a folder past the trace, and take the tar out."""
    trace = folder / "trace"
    trace.write_bytes(b"")
    data = Data(folder / "x.rpz", folder / "x.tar.gz", folder / "x.tar")
    content = Content(members(files), trace, lambda pack: f'pack_id: "{pack}"\n{CONFIG}', {})
    write_archive(data.pack, content, lambda _count: None)
    with tarfile.open(data.pack) as archive, data.zipped.open("wb") as out:
        inner = archive.extractfile(DATA)
        assert inner is not None
        shutil.copyfileobj(inner, out, 1 << 20)
    with data.plain.open("wb") as out:
        subprocess.run(["gzip", "-dc", data.zipped], stdout=out, check=True)
    return data


def _least(data: Data, folder: Path, runs: int) -> tuple[list[float], float]:
    """Return the least times of tar, tar through gzip and rpz, in turn; and rpz's peak in MiB."""
    target = folder / "out"
    commands: list[Sequence[str]] = [
        ["tar", "-xf", str(data.plain), "-C", str(target)],
        ["tar", "-xzf", str(data.zipped), "-C", str(target)],
        [*rpz(), "unpack", "chroot", "-q", str(data.pack), str(target / "demo")],
    ]
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(runs):
        for command, found in zip(commands, times, strict=True):
            target.mkdir()
            os.sync()
            found.append(seconds(command))
            _remove(target)
    target.mkdir()
    peak = subprocess.check_output([sys.executable, "-c", PEAK, *commands[-1]])
    _remove(target)
    return [min(found) for found in times], int(peak) / 1024


def _remove(folder: Path) -> None:
    subprocess.run(["rm", "-rf", folder], check=True)


def measured(what: str, make: Callable[[Path], None], place: Path | None, runs: int) -> str:
    """Make files, pack them, and say in a sentence how long it takes to have them back."""
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-", dir=place) as temporary:
        folder = Path(temporary)
        make(folder / "files")
        data = _written(folder, folder / "files")
        shutil.rmtree(folder / "files")
        (plain, zipped, ours), peak = _least(data, folder, runs)
    return (
        f"{what}: tar -xf {plain:.2f} s, tar -xzf {zipped:.2f} s, rpz unpack chroot {ours:.2f} s: "
        f"{ours / plain:.2f} and {ours / zipped:.2f} times (at most 1.5); "
        f"{peak:.0f} MiB in its largest process."
    )


def main() -> None:
    """Print a line for large and small files, and one for many small ones."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--in", type=Path, dest="place", help="a folder to work in")
    parser.add_argument("--small", type=int, default=SMALL_FILES)
    chosen = parser.parse_args()
    if not shutil.which("tar"):
        sys.exit("There is no tar.")
    place, runs = chosen.place, chosen.runs
    print(measured(f"{MIXED_MIB} MiB of mixed files", make_mixed, place, runs), flush=True)
    small = f"{chosen.small:,} small files"
    print(measured(small, lambda folder: make_files(folder, chosen.small), place, runs))


if __name__ == "__main__":
    main()
