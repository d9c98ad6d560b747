"""Where a run took place: what the trace's own columns don't say of a machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.tracer.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOPIC = "where"
CONTAINERS = {"/.dockerenv": "docker", "/run/.containerenv": "podman"}
"""Files that engines put into their containers."""
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
    if container := _container(environ, root):
        yield Fact(TOPIC, "container", container.encode())


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


def _container(environ: Mapping[str, str], root: Path) -> str:
    if name := environ.get("APPTAINER_NAME") or environ.get("SINGULARITY_NAME"):
        return f"apptainer {name}"
    found = (kind for file, kind in CONTAINERS.items() if (root / file.lstrip("/")).exists())
    return next(found, "")


def _value(file: Path, key: str) -> str:
    """Return what comes behind ``key:`` in the kernel's file of such lines, "" if nothing does."""
    with contextlib.suppress(OSError):
        for line in file.read_text("utf-8", "replace").splitlines():
            name, colon, value = line.partition(":")
            if colon and name.strip() == key:
                return value.strip()
    return ""
