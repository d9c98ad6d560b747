"""Case by backend by user: how each is replayed, where that can't be, and the table of it.

A backend is a row of :data:`BACKENDS`, a place where a case can't replay a row of :data:`HOLES`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rpz.unpackers import UNPACKERS
from tests.conftest import docker_works, require
from tests.journey import CASES, Behaviour, Journey, Person, done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pytest

ENGINE = Lock()
ENGINES = ("docker", "oci")
"""The backends whose runs are an engine's."""
WHOLE = "RPZ_WHOLE_MATRIX"
"""The variable that has each cell tried (``make matrix``)."""
USERS = ("root", "user")
"""The super-user; an ordinary one, who traces, packs, unpacks and runs."""


@dataclass(frozen=True)
class Backend:
    """How a packed case is replayed; ``need`` skips the test where that can't be done."""

    name: str
    need: Callable[[Person], None]
    replay: Callable[[Journey, Backend], Behaviour]


def by_target(journey: Journey, backend: Backend) -> Behaviour:
    """Replay with what rpz offers for every target: unpack, run, download, destroy."""
    target = journey.folder / f"replayed-{backend.name}"
    done(journey.rpz("unpack", backend.name, journey.pack, target))
    try:
        ran = journey.rpz("run", target)
        taken = _downloaded(journey, target, ran.stderr)
    finally:
        done(journey.rpz("destroy", target))
    assert not target.exists()
    return Behaviour(ran.returncode, ran.stdout, taken, ran.stderr)


def by_image_file(journey: Journey, backend: Backend) -> Behaviour:
    """Write the image to a file, and use that with an engine alone, as people without rpz do."""
    file = journey.folder / f"{backend.name}.tar"
    image = f"rpz-case/{'-'.join(re.findall('[a-z0-9]+', journey.folder.name.lower()))}:latest"
    container = f"{journey.folder.name}-{backend.name}"
    done(journey.rpz("unpack", backend.name, journey.pack, file, "--name", image))
    try:
        done(journey.runs("docker", "load", "--quiet", "--input", file))
        file.unlink()
        ran = journey.runs("docker", "run", "--name", container, image)
        taken = {name: _copied(journey, container, name) for name in journey.recorded.outputs}
    finally:
        journey.runs("docker", "rm", "--force", container)
        journey.runs("docker", "rmi", image)
    return Behaviour(ran.returncode, ran.stdout, taken, ran.stderr)


def in_turn(replay: Callable[[Journey, Backend], Behaviour]):
    """Return a replay that waits for others like it: a pack's images are the same to an engine."""

    def wait_and_replay(journey: Journey, backend: Backend) -> Behaviour:
        with ENGINE:
            return replay(journey, backend)

    return wait_and_replay


def _copied(journey: Journey, container: str, name: str) -> bytes:
    place = journey.folder / f"copied-{container}"
    done(journey.runs("docker", "cp", f"{container}:{journey.lab / name}", place))
    return _moved(place)


def _downloaded(journey: Journey, target: Path, told: bytes) -> dict[str, bytes]:
    names = list(journey.recorded.outputs)
    if not names:
        return {}
    files = [journey.folder / f"taken-{number}" for number in range(len(names))]
    pairs = zip(names, files, strict=True)
    taken = journey.rpz("download", target, *(f"{journey.lab / n}:{file}" for n, file in pairs))
    assert taken.returncode == 0, (told + taken.stderr).decode(errors="replace")
    return {name: _moved(file) for name, file in zip(names, files, strict=True)}


def _moved(file: Path) -> bytes:
    content = file.read_bytes()
    file.unlink()
    return content


def need_nothing(_: Person) -> None:
    pass


@cache
def need_namespaces(person: Person) -> None:
    options = ["--mount"] if person.is_root else ["--mount", "--user", "--map-root-user"]
    works = person.runs("unshare", *options, "true", cwd=Path("/")).returncode == 0
    require(works, "this user may not make mount namespaces")


@cache
def need_docker(person: Person) -> None:
    require(docker_works(), "no Docker engine is running")
    allowed = person.runs("docker", "info", cwd=Path("/")).returncode == 0
    require(allowed, "this user may not use the Docker engine")


BACKENDS = (
    Backend("chroot", need_namespaces, by_target),
    Backend("directory", need_nothing, by_target),
    Backend("docker", need_docker, in_turn(by_target)),
    Backend("oci", need_docker, in_turn(by_image_file)),
    Backend("apptainer", need_namespaces, by_target),
    Backend("vagrant", need_nothing, by_target),
)


@dataclass(frozen=True)
class Hole:
    """Why something can't be replayed: what isn't said (None) is any.

    That it can't is seen each time, unless it isn't tried.
    """

    reason: str
    case: str | None = None
    backend: str | None = None
    user: str | None = None
    is_tried: bool = True

    def holds(self, cell: Cell) -> bool:
        return (
            self.case in {None, cell.case}
            and self.backend in {None, cell.backend}
            and self.user in {None, cell.user}
        )


NOT_RENAMED = "A folder of an image can't be renamed in its containers (overlayfs: EXDEV)"
COPIED = (
    "As a folder of an image can't be renamed in its containers (overlayfs), `mv` copies it, and"
    " may not read the stand-ins of files that were never opened"
)
HOLES = (
    Hole(
        "A virtual machine for each case takes too long: others of the tests boot one",
        backend="vagrant",
        is_tried=False,
    ),
    Hole("PostgreSQL's programs refuse to run as root", case="postgres-server", user="root"),
    Hole(
        "A UNIX socket's path has 107 bytes at most; in a folder without isolation all are longer",
        case="postgres-server",
        backend="directory",
    ),
    Hole(NOT_RENAMED, case="moved-folder", backend="docker"),
    Hole(NOT_RENAMED, case="moved-folder", backend="oci"),
    Hole(COPIED, case="listings", backend="docker", user="user"),
    Hole(COPIED, case="listings", backend="oci", user="user"),
    Hole(
        "`docker run` gives an image 64 MB of shared memory, unless `--shm-size` says more",
        case="worker-processes",
        backend="oci",
    ),
)


@dataclass(frozen=True)
class Cell:
    """One journey."""

    case: str
    user: str
    backend: str

    def __str__(self) -> str:
        """Return its name among the tests."""
        return f"{self.case}:{self.user}-{self.backend}"

    @property
    def hole(self) -> Hole | None:
        """Why it can't be, if it can't."""
        return next((hole for hole in HOLES if hole.holds(self)), None)

    @property
    def is_tried(self) -> bool:
        return is_tried(self.backend)

    @property
    def is_spared(self) -> bool:
        """Whether only the whole matrix has it: an engine does all as root, whoever asks it to."""
        if os.environ.get(WHOLE) or os.geteuid() != 0:
            return False
        others = Cell(self.case, "root", self.backend)
        return self.user != others.user and self.backend in ENGINES and self.hole == others.hole


def is_tried(backend: str) -> bool:
    """Whether a backend is tried at all."""
    untried = {hole.backend for hole in HOLES if not hole.is_tried}
    return backend in UNPACKERS and backend not in untried


CELLS = [Cell(c, user, backend.name) for c in CASES for user in USERS for backend in BACKENDS]
SAME = "same bytes"


def spared(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return those tests whose cells only the whole matrix has."""
    names = {f"test_replays_what_ran[{cell}]" for cell in CELLS if cell.is_spared}
    return [item for item in items if item.name in names]


def journey_in(name: str) -> str | None:
    """Return which journey a test is of, by its name; None: of none."""
    found = re.search(r"/test_cases\.py::test_replays_what_ran\[(.*)-\w+\]$", name)
    return found and found[1]


def table(outcomes: Mapping[Cell, str]) -> str:
    """Return a table in Markdown of what became of each cell, and the reasons below it."""
    reasons = sorted({outcome for outcome in outcomes.values() if outcome != SAME})
    marks = {reason: f"[{number}]" for number, reason in enumerate(reasons, 1)}
    lines = [("case", *(backend.name for backend in BACKENDS))]
    lines += [
        (case, *(_cell(case, backend.name, outcomes, marks) for backend in BACKENDS))
        for case in CASES
    ]
    notes = [f"- {mark} {reason}" for reason, mark in marks.items()]
    return "\n".join([*_aligned(lines), "", *notes]).rstrip() + "\n"


def _cell(case: str, backend: str, outcomes: Mapping[Cell, str], marks: Mapping[str, str]) -> str:
    found = {user: outcomes.get(Cell(case, user, backend)) for user in USERS}
    texts = {user: marks.get(text or "", text or "not tried") for user, text in found.items()}
    if len(set(texts.values())) == 1:
        return texts[USERS[0]]
    return ", ".join(f"{user}: {text}" for user, text in texts.items())


def _aligned(lines: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    rows.insert(1, ["-" * width for width in widths])
    yield from (f"| {' | '.join(row)} |" for row in rows)


def declared() -> str:
    """Return the table as it is to be, which is that of ``docs/fidelity.md``."""
    return table({cell: cell.hole.reason if cell.hole else SAME for cell in CELLS})


OUTCOMES = {
    "passed": lambda report: SAME if report.when == "call" else None,
    "xfailed": lambda report: report.wasxfail.removeprefix("reason: "),
    "skipped": lambda report: f"not tried here: {report.longrepr[2].removeprefix('Skipped: ')}",
    "failed": lambda _: "differs, or failed",
    "error": lambda _: "was not packed",
}
"""What pytest's kinds of report say of a journey."""


def summarize(terminalreporter) -> None:
    """Print the table of what the tests have found, if any was among them."""
    by_name = {f"test_cases.py::test_replays_what_ran[{cell}]": cell for cell in CELLS}
    outcomes = {}
    for kind, outcome_of in OUTCOMES.items():
        for report in terminalreporter.stats.get(kind, ()):
            cell = by_name.get(report.nodeid.rpartition("/")[2])
            if cell and (outcome := outcome_of(report)):
                outcomes[cell] = outcome
    if outcomes:
        outcomes |= {c: c.hole.reason for c in CELLS if c.hole and not c.hole.is_tried}
        terminalreporter.section("the replay matrix")
        terminalreporter.write_line(table(outcomes))
