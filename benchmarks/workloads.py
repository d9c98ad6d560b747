"""The rows of the table: what is run."""

from __future__ import annotations

import importlib.util
import platform
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from timing import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

NATIVE = Path(__file__).parent.parent / "native"
C_FILES = 33
FOREIGN = {
    "x86_64": {"aarch64.c"},
    "aarch64": {"x86_64.c", "x32.c", "i386.c"},
}
"""Sources that are for the other architecture."""

LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "sklearn")
STARTS = 500
FOLDERS, FILES_PER_FOLDER = 200, 110


@dataclass(frozen=True)
class Size:
    """How long the scalable workloads are."""

    compute_seconds: float
    processes: int
    files: int


FULL = Size(compute_seconds=10, processes=1000, files=1_000_000)
QUICK = Size(compute_seconds=2, processes=100, files=100_000)


@dataclass(frozen=True)
class Workload:
    """A command: ``make`` prepares the folder that it runs in and returns it.

    ``required``: the greatest time of ``rpz trace`` over the bare one; of a workload that is
    ``absolute``, the greatest time. ``accelerated``: the greatest time of rpz-tracer alone over the
    bare one, where it sees looks at files within the processes. ``without_start``: the time that
    tracing `true` takes is measured beside it, and not counted.
    """

    title: str
    make: Callable[[Path, Size], list[str]]
    required: float
    absolute: bool = False
    without_start: bool = False
    accelerated: float | None = None


def _c_files() -> list[Path]:
    foreign = FOREIGN[platform.machine()]
    found = [path for path in sorted(NATIVE.rglob("*.c")) if path.name not in foreign]
    if len(found) < C_FILES:
        sys.exit(f"{NATIVE} has {len(found)} C files for this machine; {C_FILES} are compiled.")
    return found[:C_FILES]


def _compile(folder: Path, files: list[Path], options: str) -> list[str]:
    sources = folder / "sources"
    sources.write_text("".join(f"{path}\n" for path in files))
    return ["sh", "-c", f"xargs -n 1 -P 2 gcc -O0 {options} -c <sources"]


def compile_small(folder: Path, _size: Size) -> list[str]:
    """Compile files of rpz-tracer itself: a hundred lines each, and the system's headers."""
    options = f"-std=c11 -D_GNU_SOURCE -I{shlex.quote(str(NATIVE))}"
    return _compile(folder, _c_files(), options)


HEADERS = ("ctype", "limits", "math", "stdio", "stdlib", "string")
FUNCTION = """
static long work{n}(long *list, long count) {{
  long sum = {n};
  for (long i = 0; i < count; i++) {{
    switch (list[i] % 5) {{
    case 0: sum += list[i] * {n}; break;
    case 1: sum ^= labs(list[i]) << (i % 7); break;
    case 2: sum -= (long)strlen("{n}") + toupper((int)(sum % 128)); break;
    default: sum = sum > INT_MAX ? sum / 3 : sum + (long)sqrt((double)count);
    }}
  }}
  return sum;
}}
"""
FUNCTIONS = 35


def compile_c(folder: Path, _size: Size) -> list[str]:
    """Compile files of 460 lines, made for it, that take as long as those of Lua 5.4."""
    text = "".join(f"#include <{name}.h>\n" for name in HEADERS)
    text += "".join(FUNCTION.format(n=n) for n in range(FUNCTIONS))
    text += "long all(long *list, long n) { return "
    text += " + ".join(f"work{n}(list, n)" for n in range(FUNCTIONS)) + "; }\n"
    files = [folder / f"unit{number}.c" for number in range(C_FILES)]
    for path in files:
        path.write_text(text)
    return _compile(folder, files, "")


def importable() -> list[str]:
    """Return those of the libraries that this interpreter has."""
    return [name for name in LIBRARIES if importlib.util.find_spec(name)]


def imports(_folder: Path, _size: Size) -> list[str]:
    """Import what there is."""
    names = importable()
    return [sys.executable, "-c", f"import {', '.join(names)}" if names else ""]


def processes(_folder: Path, _size: Size) -> list[str]:
    """Start a program many times."""
    return ["sh", "-c", f"i=0; while [ $i -lt {STARTS} ]; do /bin/true; i=$((i+1)); done"]


def find(folder: Path, _size: Size) -> list[str]:
    """Look at every file of a tree (-size makes find ask for each file's status)."""
    for number in range(FOLDERS):
        inner = folder / "tree" / f"folder{number}"
        inner.mkdir(parents=True)
        for file in range(FILES_PER_FOLDER):
            (inner / f"file{file}.dat").touch()
    return ["find", "tree", "-size", "+1"]


def _compute(count: int) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", f"x = 0\nfor i in range({count}): x ^= i"]


def compute(_folder: Path, size: Size) -> list[str]:
    """Make no system call for as long as was asked for: the count is found by trying."""
    count = 10_000_000
    start = time.monotonic()
    seconds(_compute(count))
    return _compute(int(count * size.compute_seconds / (time.monotonic() - start)))


def true(_folder: Path, _size: Size) -> list[str]:
    """Do nothing."""
    return ["true"]


WORKLOADS: dict[str, Workload] = {
    "compile": Workload(
        f"{C_FILES} C files with `gcc -O0`, two at a time", compile_c, 1.8, accelerated=1.06
    ),
    "compile-small": Workload(f"the same, of {C_FILES} small files", compile_small, 1.8),
    "imports": Workload(
        f"import {', '.join(importable()) or 'nothing'}", imports, 1.4, accelerated=1.03
    ),
    "processes": Workload(
        f"{STARTS} times /bin/true from sh, start-up not counted",
        processes,
        1.4,
        without_start=True,
        accelerated=1.15,
    ),
    "find": Workload(
        f"find over {FOLDERS * FILES_PER_FOLDER:,} files, start-up not counted",
        find,
        15,
        without_start=True,
        accelerated=1.2,
    ),
    "compute": Workload("pure computation", compute, 1.02, accelerated=1.01),
    "start": Workload("`true`, the whole command", true, 0.5, absolute=True),
}
