"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from statistics import geometric_mean
from typing import TYPE_CHECKING, Any

from memory import REQUIRED_MIB
from tracers import BARE, versions

if TYPE_CHECKING:
    from packing import Packing
    from timing import Times
    from workloads import Size, Workload


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        **versions(),
    }


def heading(names: list[str]) -> str:
    """Return the first two lines of the table."""
    columns = ["workload", *names, "required of rpz", "of rpz-tracer"]
    return "\n".join(["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"])


def _cell(times: Times, tracer: str) -> str:
    if times.workload.absolute or tracer == BARE.name:
        return f"{times.best(tracer):.3f} s"
    return f"{times.ratio(tracer):.3g}"


def row(times: Times) -> str:
    """Return the line of one workload: the bare time, and the others' ratios to it."""
    unit = " s" if times.workload.absolute else ""
    cells = [times.workload.title, *(_cell(times, tracer) for tracer in times.runs)]
    required = [f"≤ {times.workload.required:g}{unit}", _required_inside(times.workload)]
    return _line([*cells, *required])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _required_inside(workload: Workload) -> str:
    return "" if workload.accelerated is None else f"≤ {workload.accelerated:g}"


def mean_row(results: list[Times], names: list[str]) -> str:
    """Return the line of the geometric means of the ratios, of what has a bound for rpz-tracer."""
    counted = [times for times in results if times.workload.accelerated is not None]
    ratios = {name: [times.ratio(name) for times in counted] for name in names if name != BARE.name}
    # Less than no time: the start-up, which isn't counted, has varied by more than the rest took.
    cells = ["", *(f"{geometric_mean(of):.3g}" if min(of) > 0 else "?" for of in ratios.values())]
    return _line([f"geometric mean of {len(counted)}", *cells, "", ""])


def memory_line(peak_mib: float, size: Size) -> str:
    """Return the sentence of the memory benchmark."""
    load = f"{size.processes:,} live processes and {size.files:,} distinct files"
    return f"Peak memory of rpz-tracer with {load}: {peak_mib:.0f} MiB (at most {REQUIRED_MIB})."


def packing_line(packing: Packing) -> str:
    """Return the sentence of the packing benchmark."""
    return (
        f"rpz pack: {packing.seconds:.1f} s, {packing.pack_mib:.0f} MiB, "
        f"peak memory {packing.peak_mib:.0f} MiB."
    )


def document(
    machines: list[dict[str, Any]],
    results: dict[str, Times],
    peak: float | None,
    packing: Packing | None,
) -> dict[str, Any]:
    """Return everything that was measured: all times, of which the table has the least."""
    workloads = {
        name: {
            "title": times.workload.title,
            "required": times.workload.required,
            "seconds": times.runs,
            "start_seconds": times.starts,
            "ratio": {tracer: times.ratio(tracer) for tracer in times.runs},
        }
        for name, times in results.items()
    }
    return {
        "machine_before": machines[0],
        "machine_after": machines[-1],
        "workloads": workloads,
        "memory_mib": peak,
        "pack": None if packing is None else asdict(packing),
    }
