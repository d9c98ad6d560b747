"""A case of ``tests/cases`` on its way: laid out, traced, packed, and out of reach since."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.conftest import SOURCE, require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CASES = {path.parent.name: path.parent for path in sorted(SOURCE.glob("tests/cases/*/case.yml"))}
USER = os.environ.get("RPZ_TEST_USER", "nobody")
DOCKER_SOCKET = Path("/var/run/docker.sock")
PATIENCE = 300
"""Seconds after which a program is taken to hang."""


OF_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "MAKE_TERMOUT", "MAKE_TERMERR"}


@dataclass(frozen=True)
class Person:
    """Who makes a journey: this process's user, or an ordinary one in its stead."""

    name: str | None = None

    @property
    def is_root(self) -> bool:
        return self.name is None and os.geteuid() == 0

    def runs(
        self, *argv: str | Path, cwd: Path, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [os.fspath(word) for word in argv],
            cwd=cwd,
            env={**_given(), "PYTHONPATH": str(SOURCE), **self._home(), **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            user=self.name,
            group=self.name and pwd.getpwnam(self.name).pw_gid,
            extra_groups=self.name and self._groups(),
        )

    def rpz(self, *arguments: str | Path, cwd: Path, **options) -> subprocess.CompletedProcess:
        return self.runs(sys.executable, "-m", "rpz", *arguments, cwd=cwd, **options)

    def owns(self, folder: Path) -> None:
        """Give them a folder, in which everything is to be theirs."""
        if self.name:
            account = pwd.getpwnam(self.name)
            subprocess.run(
                ["chown", "-R", f"{account.pw_uid}:{account.pw_gid}", folder], check=True
            )

    def _home(self) -> dict[str, str]:
        if not self.name:
            return {}
        account = pwd.getpwnam(self.name)
        return {"HOME": account.pw_dir, "USER": self.name, "LOGNAME": self.name}

    def _groups(self) -> list[int]:
        """Return the group that may use Docker: the tests lend it to them."""
        return [DOCKER_SOCKET.stat().st_gid] if DOCKER_SOCKET.exists() else []


def _given() -> dict[str, str]:
    """Return our environment, but for what ``make test`` tells the programs ``make`` in it."""
    return {name: value for name, value in os.environ.items() if name not in OF_MAKE}


@cache
def person(user: str) -> Person:
    """Return who is ``root`` or an ordinary ``user`` here, or skip the test."""
    is_root = os.geteuid() == 0
    if user == "root":
        require(is_root, "only root can be root")
        return Person()
    if not is_root:
        return Person()
    found = Person(USER)
    require(_can_run_rpz(found), f"{USER} can't run {sys.executable} with what is in {SOURCE}")
    return found


def _can_run_rpz(found: Person) -> bool:
    try:
        return found.rpz("--version", cwd=Path("/")).returncode == 0
    except PermissionError:
        return False


@dataclass(frozen=True)
class Behaviour:
    """What is compared of a run: status, standard output, the bytes of its outputs; not stderr."""

    status: int
    stdout: bytes
    outputs: dict[str, bytes]
    stderr: bytes = b""


@dataclass(frozen=True)
class Journey:
    """A packed case: ``lab`` is where it was traced, and where nothing is any more."""

    name: tuple[str, str]
    """The case, and who makes the journey."""
    person: Person
    folder: Path
    lab: Path
    recorded: Behaviour

    @property
    def pack(self) -> Path:
        return self.folder / "case.rpz"

    def runs(self, *argv: str | Path) -> subprocess.CompletedProcess[bytes]:
        return self.person.runs(*argv, cwd=self.folder)

    def rpz(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        return self.person.rpz(*arguments, cwd=self.folder)


def done(
    result: subprocess.CompletedProcess[bytes], status: int = 0
) -> subprocess.CompletedProcess[bytes]:
    """Return what was done, if it ended as it should."""
    assert result.returncode == status, result.stderr.decode(errors="replace")
    return result


@dataclass(frozen=True)
class Scene:
    """A case that is laid out in ``lab``, and waits for being run by somebody."""

    spec: Mapping[str, Any]
    person: Person
    folder: Path
    lab: Path

    @property
    def runs(self) -> list[list[str]]:
        """The commands."""
        return [
            [sys.executable if w == "{python}" else w for w in run] for run in self.spec["runs"]
        ]

    @property
    def environ(self) -> dict[str, str]:
        return self.spec.get("environ", {})


@contextmanager
def laid_out(case: str, user: str) -> Iterator[Scene]:
    """Prepare a case, and remove all of it afterwards."""
    traveller = person(user)
    spec = yaml.safe_load((CASES[case] / "case.yml").read_text("utf-8"))
    _need(spec)
    with tempfile.TemporaryDirectory(prefix=f"rpz-{case}-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        lab = folder / "lab"
        _lay_out(CASES[case], spec, lab)
        traveller.owns(folder)
        if "prepare" in spec:
            done(traveller.runs(*spec["prepare"], cwd=lab))
        yield Scene(spec, traveller, folder, lab)


def packed(case: str, user: str) -> Iterator[Journey]:
    """Trace and pack a case; yield it when its folder is out of reach, and clean up then."""
    with laid_out(case, user) as scene:
        recorded = trace(scene)
        done(scene.person.rpz("pack", scene.folder / "case.rpz", cwd=scene.lab))
        scene.lab.rename(scene.folder / "out-of-reach")
        yield Journey((case, user), scene.person, scene.folder, scene.lab, recorded)


def _need(spec: Mapping) -> None:
    """Skip the test where a program or a module of the case is not there."""
    for program, package in spec.get("programs", {}).items():
        require(program, f"no {program} (on Debian and Ubuntu: apt-get install {package})")
    for module, package in spec.get("modules", {}).items():
        found = importlib.util.find_spec(module)
        require(found is not None, f"no {module} (pip install {package})")


def _lay_out(case: Path, spec: Mapping, lab: Path) -> None:
    if "files" in spec:
        shutil.copytree(SOURCE / spec["files"], lab)
    shutil.copytree(case, lab, dirs_exist_ok=True)
    (lab / "case.yml").unlink()


def trace(scene: Scene, *options: str, **environ: str) -> Behaviour:
    """Trace the commands of a case, each with these options and variables."""
    stdout = b""
    statuses = [0] * (len(scene.runs) - 1) + [scene.spec.get("status", 0)]
    for number, (run, status) in enumerate(zip(scene.runs, statuses, strict=True)):
        argv = [*options, *(["--continue"] if number else []), *run]
        given = {**scene.environ, **environ}
        traced = scene.person.rpz("trace", *argv, cwd=scene.lab, environ=given)
        stdout += done(traced, status).stdout
    outputs = {name: (scene.lab / name).read_bytes() for name in scene.spec["outputs"]}
    return Behaviour(statuses[-1], stdout, outputs)
