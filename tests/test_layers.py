"""The rules that keep the parts apart, checked on the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent

LAYERS = {
    "tracer": {"tracer"},
    "packer": {"packer", "tracer"},
    "unpackers": {"unpackers", "packer", "tracer"},
    "provenance": {"provenance", "packer", "tracer"},
    "rpz": {"provenance", "unpackers", "packer", "tracer", "commands", "cli"},
}
"""Who may import whom of ``rpz``; what follows is everybody's."""
EVERYBODYS = {"ahead", "errors", "process", "__version__"}
LIBRARY = ("tracer", "packer", "unpackers", "provenance")
PROGRAMS = {
    Path("tracer/reference/__main__.py"),
    Path("tracer/reference/command.py"),
    Path("provenance/paper/rpz_filter.py"),
}
"""They are processes of their own, not called by others."""


def modules(layer: str) -> list[Path]:
    found = sorted((ROOT / layer).rglob("*.py"))
    # rpz/tracer and the like are links to the layers themselves
    return [path for path in found if layer != "rpz" or path.parts[-2] not in LIBRARY]


ALL = [path.relative_to(ROOT) for layer in LAYERS for path in modules(layer)]
IN_LIBRARY = [path for path in ALL if path.parts[0] in LIBRARY and path not in PROGRAMS]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_bytes(), filename=str(path))


def imported(path: Path) -> Iterator[str]:
    """Yield the parts of rpz that a module imports: ``tracer`` for ``rpz.tracer.records``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("rpz."))


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_all_layers_were_found() -> None:
    assert {path.parts[0] for path in ALL} == set(LAYERS)
    assert Path("tracer/session.py") in ALL
    assert Path("rpz/commands/trace.py") in ALL


def test_imports_go_one_way() -> None:
    wrong = [
        f"{path}: rpz.{name}"
        for path in ALL
        for name in imported(path)
        if name not in LAYERS[path.parts[0]] | EVERYBODYS
    ]
    assert wrong == []


def test_the_library_neither_prints_nor_exits() -> None:
    forbidden = {"print", "exit", "quit", "sys.exit", "click.echo", "input", "SystemExit"}
    assert [
        f"{path}:{line}: {name}"
        for path in IN_LIBRARY
        for line, name in calls(path)
        if name in forbidden
    ] == []


def handlers(path: Path) -> Iterator[tuple[ast.ExceptHandler, set[str]]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type
            parts = caught.elts if isinstance(caught, ast.Tuple) else [caught] if caught else []
            yield node, {ast.unparse(part) for part in parts} or {"BaseException"}


BROAD = {"Exception", "BaseException", "RpzError"}
SWALLOWERS = {
    Path("rpz/cli.py"),
    Path("rpz/commands/trace.py"),  # the command's own status comes first
    Path("tracer/session.py"),  # likewise; it is returned beside the status
    Path("provenance/learnt.py"),  # a part of the record that is missing never fails a run
    Path("tracer/follower.py"),  # likewise; what fails is done again when the run has ended
    Path("tracer/reference/__main__.py"),  # a main program
    Path("unpackers/sandbox.py"),  # a forked child, whose parent must hear of it
    Path("unpackers/workers.py"),  # likewise
}


def only_undoes(handler: ast.ExceptHandler) -> bool:
    """Whether a handler undoes what was begun, and lets the error go on."""
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def test_only_the_command_line_catches_broadly() -> None:
    assert [
        f"{path}:{handler.lineno}"
        for path in ALL
        if path not in SWALLOWERS
        for handler, caught in handlers(path)
        if caught & BROAD and not only_undoes(handler)
    ] == []


def test_nothing_is_unpickled_or_evaluated() -> None:
    forbidden = {"os.system", "os.popen", "pickle.load", "pickle.loads", "eval", "exec"}
    assert [
        f"{path}:{line}: {name}" for path in ALL for line, name in calls(path) if name in forbidden
    ] == []


def test_no_shell_is_asked() -> None:
    assert [
        str(path)
        for path in ALL
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword) and node.arg == "shell"
    ] == []


def test_modules_are_small() -> None:
    sizes = {path: len((ROOT / path).read_bytes().splitlines()) for path in ALL}
    assert [path for path, size in sizes.items() if size > 350] == []


def test_functions_are_short() -> None:
    assert [
        f"{path}:{node.lineno}: {node.name}"
        for path in ALL
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        and (node.end_lineno or 0) - node.body[0].lineno + 1 > 50
    ] == []
