"""What an unpacker is asked to run: one of a target's runs, as traced or changed by the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.packer.config.model import Run
    from rpz.unpackers.target import Target


@dataclass(frozen=True)
class Job:
    """One run to perform in a target.

    ``index`` is its place among the target's runs, ``run`` what to execute, which may differ from
    what was traced (another environment, other arguments). ``streams`` are descriptors to give it
    for standard input, output and error, if not ours. With ``network`` it has the host's network,
    without it none but a loopback of its own, where the unpacker can do that.
    """

    index: int
    run: Run
    streams: Sequence[int] = ()
    network: bool = False


def as_traced(target: Target, index: int, streams: Sequence[int] = ()) -> Job:
    """Return the job of performing a run as it was traced."""
    return Job(index, target.runs[index], streams)
