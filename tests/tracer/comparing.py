"""What is compared of two traces of the same command: they have to say the same.

All that is recorded of files, links, names and programs counts, as a set: each use of each path
with its flags, what was kept of files before they were changed, which process it was, and how
processes ended. Left out is what lies below /proc: it has numbers of processes in it, and is never
packed.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from rpz.tracer import records

if TYPE_CHECKING:
    from tests.tracer.harness import Traced

FIRST = "1"
"""The label of the program that was started."""


PORT = re.compile(r"(inet6?:\S+):\d+")


def without_ports(text: str) -> str:
    """Return a text with the numbers of ports, which the kernel chooses, left out."""
    return PORT.sub(r"\1", text)


def lines(run: Traced) -> set[str]:
    """Return what was recorded, in the words of the programs, and how processes ended."""
    # Whether a C library looks at the processors depends on which threads happen to meet.
    said = map(without_ports, run.lines())
    found = {line for line in said if " /proc/" not in line and "/cpu/" not in line}
    return found | ended(run)


def is_crossing(line: str) -> bool:
    """Whether it says that a link was crossed: the native tracer also says so of a call that fails.

    That link has to be in the replay too, where the call is to fail in the same way.
    """
    return line.startswith("SYMLINK ")


def ended(run: Traced) -> set[str]:
    """Say how many processes have ended how, and whether it is known what they used."""
    threads = {r.process for r in run.records if isinstance(r, records.Process) and r.flags}
    ends = Counter(
        (r.status, r.process in threads, r.memory > 0)
        for r in run.records
        if isinstance(r, records.Exit)
    )
    return {f"END {end} {count}" for end, count in ends.items()}


def labels(run: Traced) -> dict[int, str]:
    """Name each process by where it comes from: 1.2 is the second child or thread of 1.

    Unlike the numbers of a stream, these don't depend on which of two parents was faster.
    """
    found: dict[int, str] = {}
    children: Counter[int] = Counter()
    for record in run.records:
        if not isinstance(record, records.Process):
            continue
        children[record.parent] += 1
        above = found.get(record.parent)
        found[record.process] = f"{above}.{children[record.parent]}" if above else FIRST
    return found


def attributed(run: Traced) -> set[tuple[str, bytes, records.Mode]]:
    """Return which process used which file how."""
    label = labels(run)
    names = {r.path: r.name for r in run.records if isinstance(r, records.PathName)}
    return {
        (label[r.process], names[r.path], records.Mode(r.mode))
        for r in run.records
        if isinstance(r, records.File) and not names[r.path].startswith(b"/proc/")
    }
