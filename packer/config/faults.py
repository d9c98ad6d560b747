"""What is wrong with a ``config.yml``, in words that help to mend it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

import yaml

from rpz.errors import RpzError

if TYPE_CHECKING:
    from collections.abc import Iterable

TAG = "tag:yaml.org,2002:"

MARKER = re.compile(r"^(<{7}|>{7})(\s|$)", re.MULTILINE)
"""What git leaves in a file when two people have edited it, at the start of a line."""
SHOWN = 60
"""Characters of a value that a message shows."""
NEAR = 0.66
"""How alike two keys are, of 1, for one to be taken for a misspelling of the other."""
QUOTE = "names and words with special characters need double quotes"


REMEDY = "Correct it, or write it anew from the trace: rpz reset"


class ConfigError(RpzError):
    """``config.yml`` can't be read, or doesn't say what it must."""

    def __init__(self, message: str, remedy: str | None = None) -> None:
        """Name the two ways out that there are for most of them."""
        super().__init__(message, remedy or REMEDY)


def position(line: int, column: int) -> str:
    """Return a place in a file, both counted from 0, as it stands behind the file's name."""
    return f":{line + 1}:{column + 1}"


def found(node: yaml.Node) -> str:
    """Say what stands where something else was expected."""
    if isinstance(node, yaml.SequenceNode):
        return f"a list of {len(node.value)}"
    if isinstance(node, yaml.MappingNode):
        return "keys with values"
    if node.tag == TAG + "null":
        return f"nothing ({node.value})" if node.value else "nothing"
    value = str(node.value)
    short = value if len(value) <= SHOWN else value[:SHOWN] + "…"
    tag = "" if node.tag.startswith(TAG) or node.tag == "!" else f", tagged {node.tag}"
    return f"{short!r}{tag}"


def nearest(key: str, known: Iterable[str]) -> str | None:
    """Return the key that somebody may have meant."""
    return next(iter(get_close_matches(key, sorted(known), 1, NEAR)), None)


def text_of(name: str, data: bytes) -> str:
    """Return a file's text.

    Raises:
        ConfigError: it is not UTF-8, or two versions of it were merged and not made one.

    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError(f"{name}: expected UTF-8, found UTF-16", "Save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        where = position(before.count(b"\n"), error.start - before.rfind(b"\n") - 1)
        raise ConfigError(
            f"{name}{where}: expected UTF-8, found the byte 0x{data[error.start]:02x}",
            'Save it as UTF-8, and write names that are not UTF-8 as !!binary "<base64>"',
        ) from None
    if marker := MARKER.search(text):
        line = text.count("\n", 0, marker.start())
        raise ConfigError(
            f"{name}{position(line, 0)}: expected one version, found a merge's {marker[1]}",
            "Keep one of the two versions, and take the markers out",
        )
    return text


def why_not_yaml(text: str, error: Exception) -> tuple[str, str]:
    """Return the place where text stops being YAML, and why."""
    if isinstance(error, yaml.reader.ReaderError):
        before = text.encode()[: error.position].decode(errors="ignore")  # it counts bytes
        where = position(before.count("\n"), len(before) - before.rfind("\n") - 1)
        return where, f"expected text, found the control character {text[len(before)]!r}"
    if not isinstance(error, yaml.MarkedYAMLError):
        return "", f"not YAML: {str(error).splitlines()[0] if str(error) else 'nested too deeply'}"
    problem, mark = error.problem or "", error.problem_mark or error.context_mark
    if "end of stream" in problem and error.context_mark:
        problem, mark = f"{error.context}: it has no end", error.context_mark
    if mark is None:
        return "", f"not YAML: {problem}"
    line = "".join(text.splitlines()[mark.line : mark.line + 1])
    return position(mark.line, mark.column), f"not YAML: {_hint(line, problem)}"


def _hint(line: str, problem: str) -> str:
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "expected spaces, found a tab in front"
    if "cannot start any token" in problem or "mapping values" in problem or "alias" in problem:
        return f"{problem}: {QUOTE}"
    return problem or "it can't be read"
