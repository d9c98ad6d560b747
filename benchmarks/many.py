"""Write, check and list an archive of many small files: python many.py FOLDER COUNT."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.packer.archive.check import check
from rpz.packer.archive.members import Member
from rpz.packer.archive.reader import Pack
from rpz.packer.archive.writer import Content, write_archive
from rpz.packer.select import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

A_FOLDER = 1000
"""Files in each folder."""
CONFIG = 'version: "0.8"\nruns: []\n'


def make_files(folder: Path, count: int) -> None:
    """Make many small files, a thousand in each folder."""
    for number in range(count):
        if number % A_FOLDER == 0:
            (folder / f"{number // A_FOLDER:06}").mkdir(parents=True)
        place = folder / f"{number // A_FOLDER:06}" / f"{number:09}.txt"
        place.write_bytes(b"%d\n" % number * 10)


def _members(folder: Path) -> Iterator[Member]:
    for below in sorted(folder.iterdir()):
        yield Member(os.fsencode(below), Kind.FOLDER, os.fsencode(below))
        for entry in sorted(os.scandir(os.fsencode(below)), key=lambda entry: entry.name):
            yield Member(entry.path, Kind.FILE, entry.path)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print one sentence."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    files, trace, target = folder / "files", folder / "trace", folder / "x.rpz"
    trace.write_bytes(b"")
    make_files(files, count)
    start = time.monotonic()
    content = Content(_members(files), trace, lambda pack_id: f'pack_id: "{pack_id}"\n{CONFIG}', {})
    write_archive(target, content, lambda _count: None)
    wrote, peak = time.monotonic() - start, _peak()
    start = time.monotonic()
    with Pack.open(target) as pack:
        verdict = check(pack, lambda _count: None)
    checked = time.monotonic() - start
    start = time.monotonic()
    with Pack.open(target) as pack:
        listed = sum(1 for _ in pack.entries())
    if verdict.faults or not count <= listed == verdict.members:
        sys.exit("What was written isn't what is read.")
    print(
        f"An archive of {count:,} small files: written in {wrote:.0f} s, {peak:.0f} MiB of memory "
        f"at most (at most 200 MB); checked in {checked:.0f} s, listed in "
        f"{time.monotonic() - start:.0f} s, {_peak():.0f} MiB for all; "
        f"{target.stat().st_size >> 20} MiB."
    )


if __name__ == "__main__":
    main()
