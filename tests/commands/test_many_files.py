"""What a pack of many files needs of memory: next to nothing for each."""

from __future__ import annotations

import subprocess
import sys

from rpz.packer.archive.reader import Pack
from rpz.packer.configure import write_config
from tests.conftest import rpz_in
from tests.packer.traces import Trace

FEW, MANY = 10_000, 40_000
"""From the first on, what is kept in memory before it goes to the disk is full."""
EACH = 140
"""Bytes for each file that 200 MB for a million leave, beside the 60 MB of the programs."""

PEAK = """
import os, sys
child = os.fork()
if not child:
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small program in between: the memory of who forks counts as that of the child."""


def traced(folder, count):
    """A trace of a run that has read many files, some of them together, and looked at others."""
    folder.mkdir()
    trace = Trace(folder / "trace").start("reader", workingdir=folder, ended=(1 << 62))
    names = [folder / f"Folder {number // 500}" / f"{number}.txt" for number in range(count)]
    for number, name in enumerate(names):
        if number % 500 == 0:
            name.parent.mkdir()
        name.write_bytes(b"%d" % number)
        trace.read(name) if number % 3 else trace.stat(name)
        if number % 2:
            trace.digest(name)
    for name in names[::7]:
        trace.read(name)
    trace.save()
    write_config(folder / "trace")
    return folder


def peak(folder):
    """The peak memory of packing in bytes, with that of its threads."""
    rpz = rpz_in(folder)
    arguments = ["-m", "rpz", "pack", "-q", "-d", "trace", "x.rpz"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PEAK, sys.executable, *arguments],
        cwd=folder, env=rpz.environment, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with Pack.open(folder / "x.rpz") as pack:
        assert pack.summary().files >= FEW
    return int(done.stdout.split()[-1]) * 1024


def test_the_memory_for_a_pack_does_not_grow_with_its_files(tmp_path):
    few, many = (peak(traced(tmp_path / str(count), count)) for count in (FEW, MANY))
    assert (many - few) / (MANY - FEW) < EACH
    assert many < 100 << 20
