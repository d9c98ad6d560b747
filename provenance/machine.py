"""Where a run took place: what the trace's own columns don't say of a machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.provenance.containers import container
from rpz.tracer.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOPIC = "where"
GPUS = "/proc/driver/nvidia/gpus"


def machine(environ: Mapping[str, str] = os.environ, root: Path = Path("/")) -> Iterator[Fact]:
    """Yield the processor, graphics processors, container of a machine (Linux)."""
    if model := _value(root / "proc/cpuinfo", "model name"):
        yield Fact(TOPIC, "processor", model.encode())
    if cores := _cores(root):
        yield Fact(TOPIC, "cores", str(cores).encode())
    yield Fact(TOPIC, "usable processors", str(len(os.sched_getaffinity(0))).encode())
    for gpu in _gpus(root):
        yield Fact(TOPIC, "gpu", gpu.encode())
    if found := container(environ, root):
        told = f"{found.engine} {found.image}".rstrip()
        yield Fact(TOPIC, "container", told.encode("utf-8", "surrogateescape"))
        if found.digest:
            yield Fact(TOPIC, "container image id", found.digest.encode())


def _cores(root: Path) -> int | None:
    """Return the number of processor cores, each of which may be several processors."""
    # As psutil finds it, which takes ten times as long to import
    cores = set()
    for file in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/topology/core_cpus_list"):
        with contextlib.suppress(OSError):
            cores.add(file.read_bytes().strip())
    if cores:
        return len(cores)
    import psutil

    return psutil.cpu_count(logical=False)


def _gpus(root: Path) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for gpu in sorted((root / GPUS.lstrip("/")).iterdir()):
            if model := _value(gpu / "information", "Model"):
                yield model


def _value(file: Path, key: str) -> str:
    """Return what comes behind ``key:`` in the kernel's file of such lines, "" if nothing does."""
    with contextlib.suppress(OSError):
        for line in file.read_text("utf-8", "replace").splitlines():
            name, colon, value = line.partition(":")
            if colon and name.strip() == key:
                return value.strip()
    return ""
