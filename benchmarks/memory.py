"""The memory of the tracer when it has to remember much."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tracers import ENGINE

if TYPE_CHECKING:
    from workloads import Size

SOURCE = Path(__file__).with_name("memory.c")
REQUIRED_MIB = 300


def peak_mib(size: Size) -> float:
    """Return the peak of rpz-tracer, which the traced program asks /proc for at the end."""
    with tempfile.TemporaryDirectory(prefix="rpz-benchmark-") as temporary:
        folder = Path(temporary)
        program, tree, trace = (str(folder / name) for name in ("memory", "tree", "trace"))
        for path in (tree, trace):
            Path(path).mkdir()
        subprocess.run(["cc", "-O1", "-o", program, str(SOURCE)], check=True)
        load = [tree, str(size.processes), str(size.files)]
        subprocess.run([program, "make", *load], check=True)
        argv = [*ENGINE.prefix(Path(trace)), program, "use", *load]
        done = subprocess.run(argv, check=True, stdout=subprocess.PIPE)
    kibibytes = int(done.stdout)
    if kibibytes == 0:
        raise RuntimeError("The program was not traced.")
    return kibibytes / 1024
