"""The ways of the native tracer to see calls that only look: by stops, or within the process."""

from __future__ import annotations

import subprocess
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WAYS = {"stopped": "never", "seen": "all"}
"""What ``rpz-tracer -a`` is told."""


@cache
def accelerates(tracer: str) -> bool:
    """Whether a tracer can see calls within the process; it says so when it is asked wrongly."""
    usage = subprocess.run([tracer], capture_output=True, check=False)
    return b"-a WHICH" in usage.stderr


def tracer_with(way: str, tracer: Path) -> list[str]:
    """Return a native tracer's command line, but for its output."""
    return [str(tracer), "-a", WAYS[way]] if accelerates(str(tracer)) else [str(tracer)]
