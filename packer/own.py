"""What is rpz's own and isn't the experiment's: the trace folder, and the pack itself."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.packer.plan import Plan


def without_own(planned: Plan, folder: Path, target: Path) -> Plan:
    """Take out of a plan what a pattern has caught of the trace ``folder`` and of the pack."""
    trace, pack = os.fsencode(folder.resolve()), os.fsencode(target.resolve())
    own = {
        path for path in planned.matched if path in (trace, pack) or path.startswith(trace + b"/")
    }
    if not own:
        return planned
    for path in own:
        planned.members.remove(path)
    return replace(planned, matched=tuple(path for path in planned.matched if path not in own))
