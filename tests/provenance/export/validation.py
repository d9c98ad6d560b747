"""What the validators of others find in what was exported."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.conftest import require

VALIDATORS = Path(__file__).parent / "validators"


def found_in(*crates: Path) -> list[list[list[str]]]:
    """Return what roc-validator finds in each crate: severity, words, and in what."""
    python = os.environ.get("RPZ_ROC_VALIDATOR")
    require(python, "no roc-validator: RPZ_ROC_VALIDATOR names no Python that has it")
    argv = [python, VALIDATORS / "crates.py", *crates]
    done = subprocess.run(argv, check=True, capture_output=True, timeout=120)
    found = json.loads(done.stdout)
    return [found[str(one)] for one in crates]
