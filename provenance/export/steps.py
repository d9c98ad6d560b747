"""Runs as steps of a workflow: what each is started with, needs and leaves, from one folder."""

from __future__ import annotations

import logging
import os
import posixpath
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.packer.secrets.values import REDACTED
from rpz.provenance.export.account import USUAL
from rpz.provenance.graph.captions import printable
from rpz.provenance.page import is_of_the_machine
from rpz.tracer.fields import items_of, variables_of
from rpz.tracer.records import SIGNALLED
from rpz.tracer.rows import DigestRow, ExecutionRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.provenance.source import Source
    from rpz.tracer.rows import RunRow

CACHES = (b"/__pycache__/", b"/.cache/", b"/.git/")
"""What a program keeps for itself: no input or output of a step."""


log = logging.getLogger(__name__)


class StepsError(RpzError):
    """The runs can't be said as steps of a workflow."""


@dataclass(frozen=True)
class Step:
    """A run; paths are as seen from the folder of the first run, below it, or else absolute.

    ``inputs`` were there before and aren't ``changed``, which the run both read and left anew.
    ``outputs`` is all that it left, those too. ``status`` is the exit status; None: its end was not
    seen. Text may have bytes that ``surrogateescape`` stands for.
    """

    name: str
    folder: str
    argv: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    changed: tuple[str, ...]
    status: int | None

    @property
    def line(self) -> str:
        """The run as a line for a POSIX shell in its own folder."""
        words = [f"{name}={shlex.quote(value)}" for name, value in self.variables]
        return " ".join([*words, shlex.join(self.argv)])

    @property
    def command(self) -> str:
        """The run as a line for a POSIX shell in the first run's folder, which takes its status."""
        line = self.line
        if self.folder != ".":
            line = f"cd {shlex.quote(self.folder)} && {line}"
        if self.status:
            line = f"{{ {line} ; }} || test $? -eq {self.status}"
        return line


def steps_of(source: Source) -> list[Step]:
    """Return the runs that are meant as steps.

    Raises:
        StepsError: two of them left the same file, so that it isn't said by a rule which is meant;
            or one was killed.

    """
    top = source.runs[0].workingdir
    steps = [_step(source, run, top) for run in source.runs]
    makers: dict[str, str] = {}
    for step in steps:
        for path in step.outputs:
            if path in makers:
                raise StepsError(
                    f"{path} was left by {makers[path]} and by {step.name}: no rule can say that",
                    "Export one run: PACK:RUN",
                )
            makers[path] = step.name
    return steps


def top_of(source: Source) -> str:
    """Return the folder from which the paths of steps are seen."""
    return _text(source.runs[0].workingdir)


def _step(source: Source, run: RunRow, top: bytes) -> Step:
    if run.exitcode is not None and run.exitcode >= SIGNALLED:
        raise StepsError(f"{run.label} was killed: it is no step", "Export another run: PACK:RUN")
    for word in items_of(run.argv):
        if REDACTED in word:
            log.warning("%s lacks what was withheld: %s; put it in", run.label, printable(word))
    inputs, outputs = (_files(source, run.id, role) for role in ("input", "output"))
    first = next(source.database.rows(ExecutionRow, "run_id = ?", run.id), None)
    given = variables_of(first.envp) if first is not None else {}
    return Step(
        name=run.label,
        folder=_seen(run.workingdir, top),
        argv=tuple(_text(word) for word in items_of(run.argv)),
        variables=tuple(
            (_text(n), _text(v)) for n, v in sorted(given.items()) if USUAL.fullmatch(n)
        ),
        inputs=tuple(_seen(path, top) for path in inputs if path not in outputs),
        outputs=tuple(_seen(path, top) for path in outputs),
        changed=tuple(_seen(path, top) for path in inputs if path in outputs),
        status=run.exitcode,
    )


def _files(source: Source, run: int, role: str) -> list[bytes]:
    rows = source.database.rows(DigestRow, "run_id = ? AND role = ?", run, role)
    return sorted({row.name for row in rows if _is_experiments(row.name)})


def _is_experiments(path: bytes) -> bool:
    return not is_of_the_machine(path) and not any(part in path for part in CACHES)


def _seen(path: bytes, top: bytes) -> str:
    below = path == top or path.startswith(top.rstrip(b"/") + b"/")
    return _text(posixpath.relpath(path, top) if below else path)


def _text(value: bytes) -> str:
    return os.fsdecode(value)


def targets(steps: Sequence[Step]) -> Iterator[str]:
    """Yield all that the steps leave."""
    for step in steps:
        yield from step.outputs
