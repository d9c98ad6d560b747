"""A DataLad dataset: the inputs, and for each run a commit that ``datalad rerun`` takes.

It is a plain git repository (no annex), made with git alone. The run records are those of DataLad
1: https://docs.datalad.org/en/stable/generated/man/datalad-run.html
"""

from __future__ import annotations

import json
import os
import posixpath
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from rpz.process import output_of
from rpz.provenance.export.contents import Wanted, lay_out
from rpz.provenance.export.names import Described
from rpz.provenance.export.steps import StepsError, steps_of, top_of
from rpz.tracer.rows import DigestRow, ExecutionRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.provenance.export import Choice
    from rpz.provenance.export.steps import Step
    from rpz.provenance.source import Source
    from rpz.tracer.rows import RunRow

SETTINGS = ("commit.gpgsign=false", "core.hooksPath=/dev/null", "core.autocrlf=false")
"""Of git: what a user has set for own work isn't for this."""


def fill(source: Source, folder: Path, _choice: Choice) -> None:
    """Make the dataset in a new folder.

    Raises:
        StepsError: a run can't be said so, or an input isn't to be had any more.
        RpzError: there is no git, or it fails.

    """
    steps = steps_of(source)
    dataset = _Dataset(source, folder)
    known: set[str] = set()  # what is there, or was left by a run before
    for step, run in zip(steps, source.runs, strict=True):
        inputs = {*step.inputs, *step.changed} - known
        known |= {*inputs, *step.outputs}
        if missing := dataset.put(run, "input", inputs):
            raise StepsError(
                f"{missing[0]} isn't to be had as {step.name} has read it", "Export from the pack"
            )
    dataset.commit("Inputs of the runs", source.runs[0])
    for step, run in zip(steps, source.runs, strict=True):
        gone = dataset.put(run, "output", set(step.outputs))
        dataset.commit(_message(step, gone, dataset.id), run)


class _Dataset:
    """A repository, and what is put there."""

    def __init__(self, source: Source, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._top = os.fsencode(top_of(source))
        self.id = str(uuid5(NAMESPACE_URL, Described(source.database, source.runs[0]).url))
        rows = source.database.rows(ExecutionRow)
        self._executed = {posixpath.normpath(row.name) for row in rows}
        self._git("init", "--quiet", "--initial-branch=main")
        (folder / ".datalad").mkdir()
        (folder / ".datalad" / "config").write_text(f'[datalad "dataset"]\n\tid = {self.id}\n')
        (folder / ".noannex").touch()

    def put(self, run: RunRow, role: str, paths: set[str]) -> list[str]:
        """Put files below the top where they were; return those that aren't to be had."""
        rows = self._source.database.rows(DigestRow, "run_id = ? AND role = ?", run.id, role)
        digests = {posixpath.normpath(row.name): row.sha256 for row in rows}
        places = {}
        for path in sorted(path for path in paths if not path.startswith("/")):
            real = posixpath.normpath(posixpath.join(self._top, os.fsencode(path)))
            places[Wanted(real, digests[real])] = self._folder / path
        with tempfile.TemporaryDirectory(dir=self._folder / ".git") as folder:
            new = {one: Path(folder, str(number)) for number, one in enumerate(places)}
            gone = lay_out(self._source, new)
            for one in new.keys() - gone:
                new[one].chmod(0o755 if one.path in self._executed else 0o644)
                places[one].parent.mkdir(parents=True, exist_ok=True)
                new[one].replace(places[one])
        return [str(places[one].relative_to(self._folder)) for one in sorted(gone)]

    def commit(self, message: str, run: RunRow) -> None:
        """Commit all that is there, in the name of who ran it, at the time of the run."""
        described = Described(self._source.database, run)
        user = described.fact("who", "user") or str(run.uid)
        name = described.fact("who", "git name") or described.fact("who", "name") or user
        email = described.fact("who", "git email") or f"{user}@{run.hostname}"
        self._git("add", "--force", "--all", ".")
        self._git(
            *("-c", f"user.name={name}", "-c", f"user.email={email}", "commit", "--quiet"),
            *("--allow-empty", "--no-verify", "--cleanup=verbatim"),
            *(f"--date=@{run.started // 10**9} +0000", f"--message={message}"),
        )

    def _git(self, *words: str) -> None:
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        output_of(["git", *settings, *words], package="git", folder=self._folder)


def _seen(step: Step, paths: Iterable[str]) -> list[str]:
    """Return the files that are in the dataset, as seen from where the run is."""
    here = (path for path in paths if not path.startswith("/"))
    return [_plain(posixpath.relpath(path, step.folder)) for path in here]


def _plain(text: str) -> str:
    """Return text with the braces doubled that DataLad would fill in."""
    return text.replace("{", "{{").replace("}", "}}")


def _message(step: Step, gone: list[str], dataset: str) -> str:
    """Return what DataLad reads of a commit."""
    record = {
        "chain": [],
        "cmd": _plain(step.line),
        "dsid": dataset,
        "exit": step.status or 0,
        "extra_inputs": [],
        "inputs": _seen(step, (*step.inputs, *step.changed)),
        "outputs": _seen(step, step.outputs),
        "pwd": step.folder,
    }
    elsewhere = [p for p in (*step.inputs, *step.outputs) if p.startswith("/")]
    notes = [f"Not here, but outside of the folder: {path}" for path in elsewhere]
    notes += [f"Not to be had any more as the run left it: {path}" for path in gone]
    return "\n".join(
        [
            f"[DATALAD RUNCMD] {step.name}",
            "",
            *notes,
            *([""] if notes else []),
            "=== Do not change lines below ===",
            json.dumps(record, indent=1, sort_keys=True),
            "^^^ Do not change lines above ^^^",
            "",
        ]
    )
