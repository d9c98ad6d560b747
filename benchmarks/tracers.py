"""The columns of the table: what a command is run under."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.tracer.acceleration import sites_folder
from rpz.tracer.engines import EngineOptions, native

if TYPE_CHECKING:
    from collections.abc import Callable

Prefix = list[str]


@dataclass(frozen=True)
class Tracer:
    """A way to trace: ``prefix`` returns what comes before a command, for a new, empty folder."""

    name: str
    prefix: Callable[[Path], Prefix]


def _bare(_folder: Path) -> Prefix:
    return []


def engine(folder: Path) -> Prefix:
    """Return the compiled tracer's command line, as ``rpz trace`` has it but for the environment.

    It copies what the run changes, too: that is part of its work. What it has found out of
    libraries it keeps for the next time: that isn't part of a run's.
    """
    snapshots = folder / "snapshots"
    snapshots.mkdir(exist_ok=True)
    return native(folder / "stream", EngineOptions(snapshots=snapshots, sites=sites_folder()))


def _knows_acceleration() -> bool:
    usage = subprocess.run([native(Path("unused"))[0]], capture_output=True, check=False).stderr
    return b"-a WHICH" in usage


def _engine_with_stops(folder: Path) -> Prefix:
    """Return that command line with the option that no look at a file is seen in the process."""
    command = engine(folder)
    command[command.index("-a") + 1] = "never"
    return command


def rpz() -> Prefix:
    """Return the command that is installed beside this interpreter, else the module."""
    script = Path(sys.executable).with_name("rpz")
    return [str(script)] if script.exists() else [sys.executable, "-m", "rpz"]


def _rpz_trace(folder: Path) -> Prefix:
    return [*rpz(), "trace", "-q", "-d", str(folder / "trace")]


def _strace(folder: Path) -> Prefix:
    calls = "trace=%file,%process"
    return ["strace", "--seccomp-bpf", "-f", "-e", calls, "-o", str(folder / "log")]


def reprozip() -> str | None:
    """Return ReproZip's program: ``$REPROZIP``, or the one in the path."""
    return os.environ.get("REPROZIP") or shutil.which("reprozip")


def _reprozip_trace(folder: Path) -> Prefix:
    program = reprozip()
    return [] if program is None else [program, "trace", "-d", str(folder / "trace")]


BARE = Tracer("bare", _bare)
ENGINE = Tracer("rpz-tracer", engine)
STOPS = Tracer("not accelerated", _engine_with_stops)
RPZ = Tracer("rpz trace", _rpz_trace)
STRACE = Tracer("strace", _strace)
REPROZIP = Tracer("ReproZip", _reprozip_trace)


def _has_engine() -> bool:
    try:
        engine_is = native(Path("unused"))[0]
    except RpzError:
        return False
    return Path(engine_is).exists()


def available() -> list[Tracer]:
    """Return the ways to trace that are installed; rpz has to be."""
    if not _has_engine():
        sys.exit("There is no rpz-tracer to measure: install rpz, or set RPZ_TRACER.")
    found = [BARE, ENGINE, RPZ]
    if _knows_acceleration():
        found.insert(2, STOPS)
    if shutil.which("strace"):
        found.append(STRACE)
    if reprozip() is not None:
        found.append(REPROZIP)
    return found


def _first_line(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).partition("\n")[0].strip()


def versions() -> dict[str, str]:
    """Return which peers were found."""
    found = {"rpz": _first_line([*rpz(), "--version"])}
    if shutil.which("strace"):
        found["strace"] = _first_line(["strace", "--version"])
    if (program := reprozip()) is not None:
        found["ReproZip"] = _first_line([program, "--version"])
    return found
