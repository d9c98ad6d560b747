"""A Snakefile with a rule for each run."""

from __future__ import annotations

import json
import keyword
import re
from typing import TYPE_CHECKING

from rpz.provenance.export.steps import StepsError, steps_of, targets, top_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.provenance.export.steps import Step
    from rpz.provenance.source import Source

HEAD = """# Written by rpz export: a rule for each run. To be used in the folder
#   {top}
"""


def text(source: Source) -> Iterator[str]:
    """Yield the Snakefile.

    Raises:
        StepsError: a run or a file can't be said in it.

    """
    steps = steps_of(source)
    yield HEAD.format(top=top_of(source).replace("\n", "?").encode("ascii", "replace").decode())
    rules = _names(steps)
    idle = [f"rules.{r}.output" for r, step in zip(rules, steps, strict=True) if not step.outputs]
    yield _part("\n\nrule all:\n", "input", [_file(path) for path in targets(steps)])
    if idle:
        yield f"# These leave no file, and are run by their names: {', '.join(idle)}\n"
    for name, step in zip(rules, steps, strict=True):
        yield from _rule(name, step)


def _names(steps: Sequence[Step]) -> list[str]:
    names: list[str] = []
    for step in steps:
        name = "run_" + re.sub(r"\W", "_", step.name, flags=re.ASCII)
        while name in names or keyword.iskeyword(name):
            name += "_"
        names.append(name)
    return names


def _rule(name: str, step: Step) -> Iterator[str]:
    yield f"\n\nrule {name}:\n"
    yield from (f"    # {path!a} is changed, too\n" for path in step.changed)
    yield _part("", "input", [_file(path) for path in step.inputs])
    yield _part("", "output", [_file(path) for path in step.outputs])
    yield f"    shell:\n        {_literal(step.command)}\n"


def _part(before: str, name: str, items: Sequence[str]) -> str:
    lines = "".join(f"        {item},\n" for item in items)
    return f"{before}    {name}:\n{lines}" if items else before and f"{before}    pass\n"


def _file(path: str) -> str:
    """Return a file's name; of braces Snakemake makes wildcards, however they are written."""
    if "{" in path or "}" in path:
        raise StepsError(f"{path!a} can't be named in a Snakefile", "rpz export --make takes it")
    return _literal(path)


def _literal(value: str) -> str:
    """Return text as Python has it, with the braces doubled that Snakemake would fill in."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise StepsError(
            f"{value!a} is not UTF-8, which Snakemake wants", "rpz export --make takes it"
        ) from None
    return json.dumps(value.replace("{", "{{").replace("}", "}}"))
