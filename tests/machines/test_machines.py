"""The tracer on another processor and other kernels: compiled here, run in emulated machines."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rpz.tracer import records
from rpz.tracer.stream import read_records
from tests.conftest import require
from tests.machines.initramfs import make_initramfs
from tests.machines.machine import MACHINES, Machine
from tests.tracer.harness import Traced, check_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Outcome = Mapping[str, Mapping[str, bytes]]


def name_of(machine: Machine, kernel: str) -> str:
    return f"{machine.processor}-{Path(kernel).name or 'without'}"


BOOTS = {name_of(m, kernel): (m, kernel) for m in MACHINES for kernel in m.kernels()}
RUNS = [(boot, program) for boot, (m, _) in BOOTS.items() for program in m.programs()]
WITH_X32 = [boot for boot, program in RUNS if program == "x32"]


@pytest.fixture(scope="module")
def tracer_for(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Machine], Path]:
    """Compile the tracer for a machine, once."""
    built: dict[str, Path] = {}

    def build(machine: Machine) -> Path:
        if machine.processor not in built:
            folder = tmp_path_factory.mktemp(machine.processor)
            built[machine.processor] = machine.build_tracer(folder)
        return built[machine.processor]

    return build


@pytest.fixture(scope="module")
def boot(
    tracer_for: Callable[[Machine], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Outcome]:
    """Return what each program's run left, by the program's name: a machine has run them all.

    It is started once, also if it fails.
    """
    outcomes: dict[str, Outcome | Exception] = {}

    def start(name: str) -> Outcome:
        machine, kernel = BOOTS[name]
        initramfs = make_initramfs(machine, tracer_for(machine), tmp_path_factory.mktemp(name))
        return machine.run(kernel, initramfs)

    def outcome(name: str) -> Outcome:
        machine, kernel = BOOTS[name]
        require(bool(kernel), f"{machine.variable} names no kernel (docs/portability.md)")
        if name not in outcomes:
            try:
                outcomes[name] = start(name)
            except (AssertionError, subprocess.SubprocessError) as error:
                outcomes[name] = error
        found = outcomes[name]
        if isinstance(found, Exception):
            raise found
        return found

    return outcome


def run_of(parts: Mapping[str, bytes], folder: Path) -> Traced:
    (folder / "records").write_bytes(parts["records"])
    stream = list(read_records(folder / "records"))
    return Traced(parts["status"][0], parts["stdout"], parts["stderr"], stream)


@pytest.mark.parametrize("machine", MACHINES, ids=[m.processor for m in MACHINES])
def test_compiles(machine: Machine, tracer_for: Callable[[Machine], Path]) -> None:
    assert tracer_for(machine).read_bytes()[18:20] == machine.elf_machine


@pytest.mark.parametrize(("machine", "name"), RUNS)
def test_programs(machine: str, name: str, boot: Callable[[str], Outcome], tmp_path: Path) -> None:
    run = run_of(boot(machine)[name], tmp_path)
    assert (run.status, run.stderr) == (0, b"")
    assert run.missing() == []
    check_stream(run.records)


@pytest.mark.parametrize("machine", WITH_X32)
def test_arguments_of_x32_calls(
    machine: str, boot: Callable[[str], Outcome], tmp_path: Path
) -> None:
    """They lie in arrays of 32-bit pointers."""
    run = run_of(boot(machine)["x32"], tmp_path)
    execs = [record for record in run.records if isinstance(record, records.Exec)]
    given = [(record.argv, record.environment) for record in execs]
    for text in (b"execve", b"execveat", b"narrow"):
        assert ((b"x32", text), (b"FROM=x32",)) in given
    assert given.count(((b"true", b"32"), (b"BITS=32",))) == 2  # from x32 and i386 to 64 bits
