"""Measure what tracing and packing cost. See README.md beside this file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import report
from memory import peak_mib
from packing import pack
from timing import measure
from tracers import BARE, available
from workloads import FULL, QUICK, WORKLOADS

if TYPE_CHECKING:
    from timing import Times
    from tracers import Tracer
    from workloads import Size

OTHERS = ("memory", "pack")


def options() -> argparse.Namespace:
    """Read the command line."""
    known = [*WORKLOADS, *OTHERS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(known)} (all)")
    parser.add_argument("--runs", type=int, default=3, help="how often each is run (3)")
    parser.add_argument(
        "--under", action="append", metavar="COLUMN", help="only this one, and bare; repeatable"
    )
    parser.add_argument("--quick", action="store_true", help="less computation, fewer files")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times there, too")
    found = parser.parse_args()
    found.names = found.names or known
    if unknown := set(found.names) - set(known):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    found.under = chosen_tracers(parser, found.under)
    if found.runs < 1:
        parser.error("--runs: one at least")
    return found


def describe(machine: dict[str, Any]) -> None:
    """Print what the figures depend on."""
    print(", ".join(f"{key} {value}" for key, value in machine.items()), flush=True)


def chosen_tracers(parser: argparse.ArgumentParser, names: list[str] | None) -> list[Tracer]:
    """Return the ways to trace that were asked for, and the bare run."""
    found = available()
    if unknown := {*(names or [])} - {tracer.name for tracer in found}:
        parser.error(f"not there to measure: {', '.join(sorted(unknown))}")
    return [tracer for tracer in found if names is None or tracer.name in {*names, BARE.name}]


def time_all(names: list[str], tracers: list[Tracer], runs: int, size: Size) -> dict[str, Times]:
    """Time workloads, and print the table line by line."""
    results: dict[str, Times] = {}
    wanted = [name for name in WORKLOADS if name in names]
    if wanted:
        print(report.heading([tracer.name for tracer in tracers]), flush=True)
    for name in wanted:
        results[name] = measure(WORKLOADS[name], tracers, runs, size)
        print(report.row(results[name]), flush=True)
    if sum(times.workload.accelerated is not None for times in results.values()) > 1:
        print(report.mean_row(list(results.values()), [tracer.name for tracer in tracers]))
    return results


def main() -> None:
    """Run what was asked for."""
    chosen = options()
    size = QUICK if chosen.quick else FULL
    before = report.machine()
    describe(before)
    results = time_all(chosen.names, chosen.under, chosen.runs, size)
    peak = peak_mib(size) if "memory" in chosen.names else None
    if peak is not None:
        print(report.memory_line(peak, size), flush=True)
    packing = pack() if "pack" in chosen.names else None
    if packing is not None:
        print(report.packing_line(packing), flush=True)
    after = report.machine()
    print(f"Load at the end: {after['load']}")
    if chosen.json:
        found = report.document([before, after], results, peak, packing)
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
