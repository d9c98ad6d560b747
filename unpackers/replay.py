"""Run an experiment again, and compare how its runs end with how they ended when traced."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.packer.config.model import Run
    from rpz.unpackers import Unpacker
    from rpz.unpackers.job import Job
    from rpz.unpackers.target import Target

log = logging.getLogger(__name__)

SIGNAL = 128
"""Added to a signal's number in an exit status, as a shell does."""
NOT_STARTED = (125, 126, 127)
"""Statuses of a program that rpz, a shell or env(1) couldn't start."""


def replay(unpacker: Unpacker, target: Target, jobs: Sequence[Job]) -> int:
    """Run these runs in their order, and return the exit status of the last.

    A run that ends otherwise than it did when it was traced is told. One that couldn't be started
    is the last: the others would work with what it should have made.
    """
    status = 0
    for position, job in enumerate(jobs, 1):
        status = unpacker.run(target, job)
        run = target.runs[job.index]
        if status == (traced := traced_status(run)) or traced is None:
            continue
        if status in NOT_STARTED:  # which was said
            if position < len(jobs):
                log.warning("The runs after %s are left out.", run.id)
            break
        log.warning("%s ended with exit status %d; when traced, with %d.", run.id, status, traced)
    return status


def traced_status(run: Run) -> int | None:
    """Return the exit status that a shell would have seen; None: the end was not seen."""
    return run.exitcode if run.signal is None else SIGNAL + run.signal
