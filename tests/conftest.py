"""What all tests share: what they need from the machine, the tracers, `rpz` as a user runs it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rpz.tracer.engines import NoTracerError, find_tracer

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).parent.parent
PROGRAMS = Path(__file__).parent / "programs"

REQUIRE = "RPZ_REQUIRE"
"""The variable that turns a skipped test into a failed one: where everything should be there."""

with contextlib.suppress(NoTracerError):  # before the modules of tests read it
    os.environ.setdefault("RPZ_TRACER", str(find_tracer()))


PR_SET_DUMPABLE = 4
"""From <sys/prctl.h>."""
CALLERS = "runs are the caller's, in a folder that has another path"
CANNOT: dict[str, dict[str, str]] = {
    "directory": {
        "test_identity": CALLERS,
        "test_another_command": CALLERS,
        "test_shell": CALLERS,
        "test_shell_on_a_terminal": CALLERS,
    },
}
"""What a backend can't do, by design: the tests that must fail with it, and why."""


def cannot(backend: str, *names: str) -> str | None:
    """Return why a test must fail with a backend; None: it must not."""
    return next(filter(None, map(CANNOT.get(backend, {}).get, names)), None)


def require(tool: object, reason: str) -> None:
    """Skip the test unless a program is installed (a name) or a condition holds (anything else).

    Where ``RPZ_REQUIRE`` is set the test fails instead.
    """
    if shutil.which(tool) if isinstance(tool, str) else tool:
        return
    if os.environ.get(REQUIRE):
        pytest.fail(f"{reason}, and {REQUIRE} is set")
    pytest.skip(reason)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the whole replay matrix has."""
    from tests.matrix import spared

    if left_out := spared(items):
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Share the tests among processes by files (``--dist loadfile``), the matrix by journeys."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    from tests.matrix import journey_in

    class ByFileOrJourney(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return journey_in(nodeid) or super()._split_scope(nodeid)

    return ByFileOrJourney(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the replay matrix, if the tests of it have run."""
    from tests.matrix import summarize

    summarize(terminalreporter)


@pytest.fixture(scope="session")
def native_tracer() -> Path:
    """The compiled tracer."""
    found = os.environ.get("RPZ_TRACER")
    require(bool(found), "no compiled tracer: install rpz, or set RPZ_TRACER")
    assert found
    return Path(found)


@pytest.fixture(scope="session")
def sanitized_tracer() -> Path:
    """The compiled tracer with the address and undefined-behaviour sanitizers."""
    built = SOURCE / "build" / "sanitize" / "rpz-tracer"
    found = Path(os.environ.get("RPZ_SANITIZED_TRACER", built))
    require(found.exists(), f"{found} is not there: make sanitize")
    return found


@pytest.fixture(params=["native", "python"])
def tracer_engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    if request.param == "native":
        request.getfixturevalue("native_tracer")
    return str(request.param)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory):
    """Compile a program of tests/programs, once a session."""
    folder = tmp_path_factory.mktemp("compiled")

    def compile_program(name: str, *options: str) -> Path:
        require("cc", "no C compiler (on Debian and Ubuntu: apt-get install gcc libc6-dev)")
        program = folder / "-".join(
            (name.replace("/", "-"), *(option.strip("-") for option in options))
        )
        if not program.exists():
            flags = ["-std=c11", "-D_GNU_SOURCE", "-pthread", *options]
            argv = ["cc", *flags, "-o", program, PROGRAMS / f"{name}.c"]
            subprocess.run(argv, check=True)
        return program

    return compile_program


def become(name: str) -> None:
    """Make this process an ordinary user's, for good."""
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setresgid(*[user.pw_gid] * 3)
    os.setresuid(*[user.pw_uid] * 3)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)  # as after exec: else /proc/self is root's


def namespaces_work() -> bool:
    """Whether a chroot can be run in."""
    options = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user", "--map-root-user"]
    return subprocess.run(["unshare", *options, "true"], check=False).returncode == 0


def docker_works() -> bool:
    """Whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """A Docker engine."""
    require(docker_works(), "no Docker engine is running")


@pytest.fixture(scope="session")
def chroot_allowed() -> None:
    """The right to make mount namespaces."""
    require(namespaces_work(), "this user may not make mount namespaces")


NEEDS = {
    "chroot": "chroot_allowed",
    "directory": "directory_runs",
    "docker": "docker_engine",
    "apptainer": "chroot_allowed",
}
"""The fixture that says what a backend needs."""


@pytest.fixture(scope="session")
def directory_runs() -> None:
    """A machine that starts the programs of Linux."""
    require(sys.platform == "linux", "this is not Linux")


@pytest.fixture(params=list(NEEDS))
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend in turn."""
    name = str(request.param)
    request.getfixturevalue(NEEDS[name])
    if reason := cannot(name, request.node.name, request.node.originalname):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    return name


@dataclass(frozen=True)
class Rpz:
    """``rpz`` as a user runs it, in a folder of its own."""

    folder: Path
    environment: Mapping[str, str]

    @staticmethod
    def argv(*arguments: str | bytes | Path) -> list[str | bytes | Path]:
        return [sys.executable, "-m", "rpz", *arguments]

    def __call__(
        self,
        *arguments: str | bytes | Path,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.argv(*arguments),
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            input=stdin,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def start(self, *arguments: str | bytes | Path, **options) -> subprocess.Popen[bytes]:
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(
            self.argv(*arguments), cwd=self.folder, env=self.environment, **options
        )


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory):
    """Keep the list of the tests' targets apart from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def rpz_in(folder: Path) -> Rpz:
    """``python -m rpz ...`` in a folder."""
    path = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH")]))
    return Rpz(folder, {**os.environ, "PYTHONPATH": path})


@pytest.fixture
def rpz(tmp_path: Path) -> Rpz:
    """``python -m rpz ...`` in ``tmp_path``."""
    return rpz_in(tmp_path)
