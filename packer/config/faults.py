"""What is wrong with a ``config.yml``, in words that help to mend it."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from difflib import get_close_matches
from typing import IO, TYPE_CHECKING

import yaml

from rpz.errors import RpzError
from rpz.packer.config.compose import LIST, MAPPING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rpz.packer.config.compose import Node

TAG = "tag:yaml.org,2002:"

MARKER = re.compile(r"^(<{7}|>{7})(\s|$)", re.MULTILINE)
"""What git leaves in a file when two people have edited it, at the start of a line."""
BLOCK = 1 << 20
"""Bytes that are decoded at once, and the rest of the line that they end in."""
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


def found(node: Node) -> str:
    """Say what stands where something else was expected."""
    if node.kind == LIST:
        return f"a list of {len(node.value)}"
    if node.kind == MAPPING:
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


def check_text(name: str, file: IO[bytes]) -> None:
    """Read a file, and see to it that it is text.

    Raises:
        ConfigError: it is not UTF-8, or two versions of it were merged and not made one.

    """
    line, merge = 0, None
    while data := file.read(BLOCK) + file.readline():
        if line == 0 and data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ConfigError(f"{name}: expected UTF-8, found UTF-16", "Save it as UTF-8")
        text = _decoded(name, data, line)
        if merge is None and (marker := MARKER.search(text.removeprefix("\ufeff"))):
            merge = position(line + text.count("\n", 0, marker.start()), 0), marker[1]
        line += data.count(b"\n")
    if merge is not None:
        raise ConfigError(
            f"{name}{merge[0]}: expected one version, found a merge's {merge[1]}",
            "Keep one of the two versions, and take the markers out",
        )


def _decoded(name: str, data: bytes, line: int) -> str:
    """Return the text of whole lines; ``line`` is the number of the first, from 0."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line += before.count(b"\n")
        where = position(line, error.start - before.rfind(b"\n") - 1)
        raise ConfigError(
            f"{name}{where}: expected UTF-8, found the byte 0x{data[error.start]:02x}",
            'Save it as UTF-8, and write names that are not UTF-8 as !!binary "<base64>"',
        ) from None


def to_text(file: IO[bytes]) -> IO[bytes]:
    """Go to a file's beginning, behind its byte order mark if it has one."""
    file.seek(0)
    if file.read(len(BOM_UTF8)) != BOM_UTF8:
        file.seek(0)
    return file


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
