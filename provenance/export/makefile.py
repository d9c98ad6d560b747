"""A Makefile with a rule for each run, for GNU make (4.3 or later: rules of several targets)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.provenance.export.steps import StepsError, steps_of, targets, top_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.provenance.export.steps import Step
    from rpz.provenance.source import Source

HEAD = r"""# Written by rpz export: a rule for each run. To be used in the folder
#   {top}
# A file that a program reads or writes but no rule names is of the system.
MAKEFLAGS += --no-builtin-rules
unexport MAKEFLAGS MFLAGS  # a run of make has its own
SHELL := /bin/sh
.SHELLFLAGS := -ec
.ONESHELL:
.DELETE_ON_ERROR:
equals := =

"""
IMPOSSIBLE = re.compile(r"[\n\t|;\\\"'<>&()*?\[\]]")
"""What names can't have in a rule, whatever is put before it."""


def text(source: Source) -> Iterator[str]:
    """Yield the Makefile.

    Raises:
        StepsError: a run or a file can't be said in it.

    """
    steps = steps_of(source)
    names = _names(steps)
    yield HEAD.format(top=top_of(source).replace("\n", "?"))
    yield f".PHONY: all {' '.join(names)}\n"
    yield f"all: {' '.join(names)}\n"
    for name, step in zip(names, steps, strict=True):
        yield from _rule(name, step)


def _names(steps: Sequence[Step]) -> list[str]:
    """Return a target for each run that is no file."""
    files = set(targets(steps))
    names: list[str] = []
    for step in steps:
        name = re.sub(r"[^\w-]", "_", step.name, flags=re.ASCII)
        while name in files or name in names or name == "all":
            name += "_"
        names.append(name)
    return names


def _rule(name: str, step: Step) -> Iterator[str]:
    inputs = "".join(f" {_file(path)}" for path in step.inputs)
    if step.outputs:
        yield f"\n{name}: {' '.join(map(_file, step.outputs))}\n"
        outputs = " ".join(_file(path).replace("%", r"\%") for path in step.outputs)
        yield from (f"# {path!r} is changed, too\n" for path in step.changed)
        yield f"{outputs} {'&' if len(step.outputs) > 1 else ''}:{inputs}\n"
    else:
        yield f"\n{name}:{inputs}\n"
    yield "\t" + step.command.replace("$", "$$").replace("\n", "\n\t") + "\n"


def _file(path: str) -> str:
    if IMPOSSIBLE.search(path):
        raise StepsError(f"{path!r} can't be named in a Makefile", "rpz export --datalad takes it")
    path = re.sub(r"([ #])", r"\\\1", path.replace("$", "$$"))
    path = path.replace("=", "$(equals)").replace(":", "\\:")
    return f"./{path}" if path.startswith(("~", "-")) else path
