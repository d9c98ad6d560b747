"""The environment variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.provenance.diff.difference import mapping_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.diff.difference import Difference
    from rpz.provenance.diff.side import Side

VOLATILE = re.compile(
    rb"_|SHLVL|PWD|OLDPWD|SSH_.*|XDG_SESSION_.*|XDG_RUNTIME_DIR|WINDOWID|DISPLAY|TERM.*|COLUMNS|LINES"
    rb"|DBUS_SESSION_BUS_ADDRESS|INVOCATION_ID|JOURNAL_STREAM|VTE_VERSION|GPG_AGENT_INFO|TMUX.*|STY"
    rb"|SLURM_JOB_?ID|SLURM_JOB_START_TIME|SLURM_JOB_END_TIME|SLURM_TASK_PID|SLURMD_.*|SLURM_SUBMIT_.*"
    rb"|PBS_JOBID|LSB_JOBID|OMPI_MCA_.*|PMIX_.*"
)
"""Variables that are others in each session or job."""


def differences(one: Side, other: Side) -> Iterator[Difference]:
    """Yield variables that differ, but for those of a session."""
    return mapping_differences(_lasting(one), _lasting(other))


def _lasting(side: Side) -> dict[str, str]:
    return {
        name.decode("utf-8", "surrogateescape"): side.mapped(value).decode(
            "utf-8", "surrogateescape"
        )
        for name, value in side.environ.items()
        if not VOLATILE.fullmatch(name)
    }
