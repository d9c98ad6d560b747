"""What the end of a run needs is imported while it goes on, once there is nothing else to do."""

from __future__ import annotations

import subprocess
import sys

from rpz.commands.trace import IMPORTED_AHEAD

STEPS = """
import sys
from rpz.commands.trace import IMPORTED_AHEAD, _steps
from rpz.packer.looks import Looks

def missing():
    return [name for name in IMPORTED_AHEAD if name not in sys.modules]

looks = Looks()
looks.offer(b"/")
assert len(missing()) == len(IMPORTED_AHEAD), "the start of a run needs them"
step = _steps(looks)
taken = 0
while step():
    taken += 1
assert looks.get(b"/") is not None and missing() == []
print(taken)
"""


def test_modules_are_imported_one_by_one(rpz):
    done = subprocess.run(
        [sys.executable, "-c", STEPS],
        env=rpz.environment, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(IMPORTED_AHEAD) + 1  # and the packages of the path


def test_a_module_that_is_missing_is_nobodys_concern(monkeypatch):
    from rpz.commands import trace
    from rpz.packer.looks import Looks

    monkeypatch.setattr(trace, "IMPORTED_AHEAD", ("nothing_of_that_name", "csv"))
    step = trace._steps(Looks())
    assert [step() for _ in range(3)] == [True, True, False]
