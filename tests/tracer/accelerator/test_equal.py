"""The corpus of programs, traced in three ways: they say the same, and so do the traces.

``tests/tracer/test_differential.py`` does likewise with scripts of the shell and of Python.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.tracer import comparing, harness
from tests.tracer.accelerator.ways import WAYS, tracer_with
from tests.tracer.harness import Traced, traced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENGINES = ("python", *WAYS)
