"""Time workloads under each tracer in turn."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tracers import BARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracers import Tracer
    from workloads import Size, Workload

START = ["true"]


@dataclass
class Times:
    """Wall times of one workload, in seconds, by the tracer's name; ``starts``: of `true`."""

    workload: Workload
    runs: dict[str, list[float]] = field(default_factory=dict)
    starts: dict[str, list[float]] = field(default_factory=dict)

    def best(self, tracer: str) -> float:
        """Return the least time, less what the tracer takes to start if that isn't counted."""
        least = min(self.runs[tracer])
        if self.workload.without_start:
            least -= min(self.starts[tracer]) - min(self.starts[BARE.name])
        return least

    def ratio(self, tracer: str) -> float:
        """Return the least time over the least bare one."""
        return self.best(tracer) / self.best(BARE.name)


def seconds(argv: Sequence[str], folder: Path | None = None) -> float:
    """Run a command, which has to succeed, and return its wall time."""
    quiet = subprocess.DEVNULL
    start = time.monotonic()
    subprocess.run(argv, cwd=folder, check=True, stdin=quiet, stdout=quiet, stderr=quiet)
    return time.monotonic() - start


def _traced(tracer: Tracer, argv: Sequence[str], folder: Path) -> float:
    """Trace into a new folder, which is removed outside the time that is taken."""
    place = Path(tempfile.mkdtemp(prefix="rpz-benchmark-"))
    try:
        return seconds([*tracer.prefix(place), *argv], folder)
    finally:
        shutil.rmtree(place)


def measure(workload: Workload, tracers: Sequence[Tracer], runs: int, size: Size) -> Times:
    """Time a workload: a slow minute of the machine hits all tracers alike."""
    times = Times(workload)
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        argv = workload.make(folder, size)
        seconds(argv, folder)  # warms the caches
        for _ in range(runs):
            for tracer in tracers:
                times.runs.setdefault(tracer.name, []).append(_traced(tracer, argv, folder))
                if workload.without_start:
                    times.starts.setdefault(tracer.name, []).append(_traced(tracer, START, folder))
    return times
