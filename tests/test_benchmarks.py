"""The benchmarks run, and measure what they say; how long anything takes is not looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rpz.tracer.engines import NoTracerError, find_tracer
from tests.conftest import SOURCE, require

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = SOURCE / "benchmarks"


def has_tracer() -> bool:
    try:
        return find_tracer().exists()
    except NoTracerError:
        return False


@pytest.fixture(autouse=True)
def _tracer() -> None:
    require(has_tracer(), "no compiled tracer")


def run(*arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "REPROZIP"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=FOLDER,
        env={**environment, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def test_a_workload_is_run_under_every_tracer(tmp_path: Path) -> None:
    times = tmp_path / "times.json"
    printed = run("run.py", "--runs", "2", "--json", str(times), "start")
    assert "\n| `true`, the whole command | " in printed
    [(name, measured)] = json.loads(times.read_text())["workloads"].items()
    assert name == "start"
    assert {"bare", "rpz-tracer", "rpz trace"} <= set(measured["seconds"])
    assert all(len(taken) == 2 and min(taken) > 0 for taken in measured["seconds"].values())


def test_the_memory_is_the_tracers() -> None:
    measure = "from memory import peak_mib; from workloads import Size; print(peak_mib(Size(*{})))"
    little = float(run("-c", measure.format((1, 1, 1))))
    much = float(run("-c", measure.format((1, 10, 20000))))
    assert 0 < little < much


def test_an_archive_of_many_files_is_measured(tmp_path: Path) -> None:
    printed = run("many.py", str(tmp_path), "1500")
    assert printed.startswith("An archive of 1,500 small files: written in ")


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run("run.py", "no-such-benchmark")


def test_unpacking_docker(docker_engine: None) -> None:
    del docker_engine
    told = run("unpacking_docker.py", "--runs", "1")
    assert "rpz unpack docker: " in told
    assert "to compare with" in told
