from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

from rpz.tracer import engines
from rpz.tracer.acceleration import Acceleration
from rpz.tracer.engines import EngineOptions, NoTracerError, find_tracer


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation without a tracer anywhere."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    monkeypatch.delenv("RPZ_TRACER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(folder))
    return folder


def put_program(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / "rpz-tracer"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_a_chosen_tracer_comes_first(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_program(scripts)
    monkeypatch.setenv("RPZ_TRACER", "/my/tracer")
    assert find_tracer() == Path("/my/tracer")


def test_the_installed_tracer_comes_before_the_path(scripts: Path) -> None:
    put_program(Path(os.environ["PATH"]))
    installed = put_program(scripts)
    assert find_tracer() == installed


@pytest.mark.usefixtures("scripts")
def test_a_tracer_on_the_path() -> None:
    program = put_program(Path(os.environ["PATH"]))
    assert find_tracer() == program


@pytest.mark.usefixtures("scripts")
def test_no_tracer_names_the_way_out() -> None:
    with pytest.raises(NoTracerError, match=r"or trace with --engine python\.$"):
        find_tracer()


def test_native_gives_the_environment_that_we_were_started_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RPZ_TRACER", "/my/tracer")
    environment = f"/proc/{os.getpid()}/environ"
    argv = engines.native(Path("out"))
    assert argv == ["/my/tracer", "-a", "often", "-e", environment, "out", "--"]


ACCELERATED = [
    (EngineOptions(), "often"),
    (EngineOptions(acceleration=Acceleration.ON), "all"),
    (EngineOptions(acceleration=Acceleration.CHECK), "check"),
    (EngineOptions(acceleration=Acceleration.OFF), "never"),
    (EngineOptions(stops_only=True), "never"),
    (EngineOptions(acceleration=Acceleration.CHECK, stops_only=True), "never"),
]


@pytest.mark.parametrize(("options", "word"), ACCELERATED)
def test_native_accelerates_as_told(
    options: EngineOptions, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RPZ_TRACER", "/my/tracer")
    kept = ["-c", "sites"] if word != "never" else []
    argv = engines.native(Path("out"), replace(options, sites=Path("sites")))
    assert argv[1 : 4 + len(kept)] == ["-a", word, *kept, "-e"]


def test_python_accelerates_nothing() -> None:
    options = EngineOptions(acceleration=Acceleration.ON, sites=Path("sites"))
    assert engines.python(Path("out"), options) == engines.python(Path("out"))


def test_python_is_this_python() -> None:
    assert engines.python(Path("out"))[0] == sys.executable


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_options_stand_before_the_output(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RPZ_TRACER", "/my/tracer")
    options = EngineOptions(Path("kept"), 5, allow_io_uring=True, stops_only=True)
    argv = engines.ENGINES[engine](Path("out"), options)
    assert argv[-8:] == ["-u", "-n", "-s", "kept", "-l", "5", "out", "--"]


@pytest.mark.parametrize("engine", engines.ENGINES)
def test_output_stands_before_the_command(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RPZ_TRACER", "/my/tracer")
    assert engines.ENGINES[engine](Path("out"), engines.DEFAULTS)[-2:] == ["out", "--"]


def test_the_default_engine_is_the_first() -> None:
    assert list(engines.ENGINES) == ["native", "python"]
