"""What processes have read and written, and random bytes that they got from the kernel."""

from __future__ import annotations

import sys

import pytest

from rpz.tracer import records
from tests.tracer.harness import ENGINES, traced

WAYS = {"told": (), "stopped": ("-n",)}


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Be the native engine, with user notification where the kernel has it and without."""
    monkeypatch.setitem(ENGINES, "way", [*ENGINES["native"], *WAYS[request.param]])
    return "way"


def traffic(run):
    """Return what the programs have read and written, by their names."""
    paths = {r.path: r.name.rpartition(b"/")[2] for r in run.of(records.PathName)}
    programs = {r.process: paths[r.program] for r in run.of(records.Exec)}
    return {programs.get(r.process): (r.read, r.written) for r in run.of(records.Traffic)}


def test_traffic(way, tmp_path):
    script = "head -c 100000 /dev/zero > x; wc -c < x & wait; sh -c 'dd if=x 2>&1; kill -9 $$'; :"
    run = traced(way, tmp_path, "bash", "-c", script)
    assert run.status == 0
    found = traffic(run)
    assert found[b"head"][0] >= 100000
    assert found[b"head"][1] == 100000
    assert found[b"dd"][0] >= 100000
    assert found[b"sh"][1] == found[b"dd"][1] >= 100000  # waited for, and killed
    assert found[b"bash"][1] >= sum(found[name][1] for name in (b"head", b"wc", b"sh"))
    ends = [r.process for r in run.of(records.Exit)]
    assert [r.process for r in run.of(records.Traffic)] == ends


def test_threads_have_none_of_their_own(way, tmp_path):
    code = "import threading as t, os; x = t.Thread(target=os.write, args=(1, b'12345678'))"
    run = traced(way, tmp_path, sys.executable, "-IS", "-c", f"{code}; x.start(); x.join()")
    assert run.status == 0
    (found,) = run.of(records.Traffic)
    assert (found.process, found.written) == (1, 8)
    assert len(run.of(records.Exit)) == 2


def test_random_bytes(way, tmp_path):
    code = """
import os, sys
start = int(sys.argv[1])
os.getrandom(8, os.GRND_NONBLOCK)
for size in range(start, start + 3):
    os.getrandom(size)
if start == 16:
    if os.fork() == 0:
        os.getrandom(2496, os.GRND_NONBLOCK)
        os._exit(0)
    os.wait()
    os.execv(sys.executable, [sys.executable, '-IS', '-c', sys.argv[2], '32', ''])
"""
    run = traced(way, tmp_path, sys.executable, "-IS", "-c", code, "16", code)
    assert run.status == 0
    assert [(r.process, r.size) for r in run.of(records.Random)] == [(1, 16), (2, 2496), (1, 32)]
