"""Cases of ``tests/cases``, traced with the accelerator and without: the packs are the same.

``make matrix`` has all of them, ``make test`` those that take the least time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import journey, matrix, sameness
from tests.conftest import require
from tests.tracer.accelerator.ways import accelerates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = ("odd-names", "changed-inputs", "two-runs")
WHOLE = (
    "c-program",
    "enzyme-kinetics",
    "go-program",
    "java-threads",
    "listings",
    "moved-folder",
    "notebook",
    "openmp",
    "perl-module",
    "postgres-server",
    "r-regression",
)
"""Not ``mpi-ranks`` and ``worker-processes``: what they do depends on which process is faster."""
ALL = [*QUICK, *(WHOLE if os.environ.get(matrix.WHOLE) else ())]
AS_USER = ("postgres-server",)
"""Whose programs refuse to run as root."""


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest, native_tracer: Path) -> Iterator[journey.Scene]:
    """A case that has run once, so that its caches at home are filled, and rpz's own."""
    require(accelerates(str(native_tracer)), "this tracer has no accelerator")
    is_root = os.geteuid() == 0 and request.param not in AS_USER
    with journey.laid_out(request.param, "root" if is_root else "user") as found:
        keep(found, "lab")
        home(found).mkdir()
        found.person.owns(home(found))
        journey.trace(found, "--accelerate", "on", **at_home(found))
        keep(found, "home")
        yield found


def home(scene: journey.Scene) -> Path:
    return scene.folder / "home"


def at_home(scene: journey.Scene) -> dict[str, str]:
    return {"HOME": str(home(scene))}


def keep(scene: journey.Scene, name: str) -> None:
    copy(scene.folder / name, scene.folder / f"{name}-as-it-was")


def copy(folder: Path, other: Path) -> None:
    """Copy a folder with all that a pack has of it."""
    subprocess.run(["cp", "-a", folder, other], check=True)


def packed(scene: journey.Scene, choice: str) -> tuple[journey.Behaviour, Path]:
    """Trace and pack, in the state of the files that was kept."""
    for name in ("lab", "home"):
        shutil.rmtree(scene.folder / name)
        copy(scene.folder / f"{name}-as-it-was", scene.folder / name)
    recorded = journey.trace(scene, "--accelerate", choice, **at_home(scene))
    pack = scene.folder / f"{choice}.rpz"
    pack.unlink(missing_ok=True)
    journey.done(scene.person.rpz("pack", pack, cwd=scene.lab, environ=at_home(scene)))
    return recorded, pack


@pytest.mark.parametrize("scene", ALL, indirect=True, scope="module")
def test_packs_are_the_same(scene: journey.Scene) -> None:
    behaviour, off = packed(scene, "off")
    accelerated, on = packed(scene, "on")
    assert accelerated == behaviour
    noticed, inside = zip(*sameness.ways(off), strict=True)
    require(any(noticed), "this kernel gives no notifications, which the accelerator needs")
    assert set(inside) == {0}
    assert min(inside for _, inside in sameness.ways(on)) > 0
    said, said_on = sameness.facts(off), sameness.facts(on)
    found = sameness.different(said, said_on)
    if found:  # whether a run differs from itself in this
        _, again = packed(scene, "off")
        noise = sameness.different(said, sameness.facts(again))
        found = {key: values for key, values in found.items() if key not in noise}
    assert not found, "\n".join(f"{key}: {values}" for key, values in found.items())
