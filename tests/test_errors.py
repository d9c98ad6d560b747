"""What rpz says of a failure: one sentence on what happened, and one on what to do."""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING

import pytest

from rpz.errors import CommandFailedError, RpzError
from rpz.provenance.paper.errors import PaperError
from tests.conftest import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PARTS = ("rpz", "tracer", "packer", "unpackers", "provenance")
QUOTED = (CommandFailedError, PaperError)
"""What these say is a part of another sentence."""
BESIDE = ("rpz_filter.py", "rpz_sphinx.py")
"""What other programs import from the folder of a paper."""
FILES = sorted(
    path
    for part in PARTS
    for path in (SOURCE / part).rglob("*.py")
    if path.name not in BESIDE and not any(folder.is_symlink() for folder in path.parents)
)


def module_of(path: Path) -> str:
    """Return the name by which a file is imported."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    names = parts if parts[0] == "rpz" else ("rpz", *parts)
    return ".".join(name for name in names if name != "__init__")


def without_remedy(path: Path) -> Iterator[str]:
    """Yield where a file makes an error of rpz's that doesn't say what to do."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    made = [(node, node.func.id) for node in calls if isinstance(node.func, ast.Name)]
    made = [(node, name) for node, name in made if name.endswith("Error")]
    module = importlib.import_module(module_of(path)) if made else None
    for node, name in made:
        kind = getattr(module, name, None)
        if not (isinstance(kind, type) and issubclass(kind, RpzError)):
            continue
        alone = len(node.args) == 1 and not isinstance(node.args[0], ast.Starred)
        is_plain = kind.__init__ is RpzError.__init__ and not issubclass(kind, QUOTED)
        if is_plain and alone and not node.keywords and not kind.usual_remedy:
            yield f"{path.relative_to(SOURCE)}:{node.lineno}: {name}"


@pytest.mark.parametrize("part", PARTS)
def test_each_error_says_what_to_do(part: str) -> None:
    files = [path for path in FILES if path.relative_to(SOURCE).parts[0] == part]
    assert files
    assert [line for path in files for line in without_remedy(path)] == []


def test_the_usual_way_out_is_said_where_no_better_one_is_known() -> None:
    class BrokenError(RpzError):
        usual_remedy = "Mend it"

    assert str(BrokenError("It is broken")) == "It is broken. Mend it."
    assert str(BrokenError("It is broken", "Buy another one")) == "It is broken. Buy another one."
    assert str(RpzError("It is broken")) == "It is broken."
