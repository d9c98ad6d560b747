"""The parameters of a run: what its arguments and the parameter files that it read set.

What reads such files is imported when there is one: most runs have none, and wait for this.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import stat
import sys
from typing import TYPE_CHECKING, Any

from rpz.errors import RpzError
from rpz.tracer.facts import Fact
from rpz.tracer.fields import items_of
from rpz.tracer.rows import RunRow, SnapshotRow
from rpz.tracer.sha256 import FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from rpz.tracer.database import TraceDatabase

TOPIC = "parameter"
LARGEST = 1 << 16
"""Bytes of a parameter file: a larger one is data."""
MOST = 200
"""Parameters of a file: more are data."""
ASSIGNMENT = re.compile(r"(?:--?)?([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)
OPTION = re.compile(r"--([A-Za-z][\w-]*)")


def _ini(text: str) -> Any:
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    return {section: dict(parser[section]) for section in parser.sections()}


def _yaml(text: str) -> Any:
    import yaml

    from rpz.packer.config.bounds import Bounds
    from rpz.packer.config.compose import LOADER

    bounds = Bounds("parameters")  # a small file may mean a great deal
    try:
        for event in yaml.parse(text, Loader=LOADER):
            bounds.take(event)
        return yaml.load(text, Loader=LOADER)  # noqa: S506
    except (yaml.YAMLError, RpzError) as error:
        raise ValueError(str(error)) from error


def _toml(text: str) -> Any:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)  # its error is a ValueError, as that of JSON


READERS: dict[bytes, Callable[[str], Any]] = {
    b".json": json.loads,
    b".yaml": _yaml,
    b".yml": _yaml,
    b".ini": _ini,
    b".cfg": _ini,
    b".toml": _toml,
}
"""What reads parameter files, by their suffixes."""


def parameters(
    database: TraceDatabase, run: int, snapshots: Path, paths: Collection[bytes]
) -> Iterator[Fact]:
    """Yield the parameters, but for those that are called as secrets are.

    ``paths`` are the files that the run has read.
    """
    for row in database.rows(RunRow, "id = ?", run):
        words = [os.fsdecode(word) for word in items_of(row.argv)]
        yield from _facts(of_arguments(words), b"")
        for path, content in _files(database, run, row.workingdir, words, snapshots, paths):
            yield from _facts(of_file(path, content), path)


def of_arguments(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what arguments set: ``--gain=2``, ``gain=2``, and ``--gain 2``.

    An option that is followed by another one, or by nothing, is ``true``. Behind ``--`` are no
    options.
    """
    waiting = ""
    for word in words:
        if word == "--":
            break
        option = OPTION.fullmatch(word)
        if waiting and (option or word.startswith("--")):
            yield waiting, "true"
        elif waiting:
            yield waiting, word
            waiting = ""
            continue
        waiting = option[1] if option else ""
        if found := ASSIGNMENT.fullmatch(word):
            yield found[1], found[2]
    if waiting:
        yield waiting, "true"


def of_file(path: bytes, content: bytes) -> list[tuple[str, str]]:
    """Return what a parameter file sets, as ``section.name``; nothing if it is something else."""
    try:
        read = READERS[posixpath.splitext(path)[1].lower()](content.decode())
        found = list(_flat(read, ""))
    except (ValueError, RecursionError):
        return []
    return found if isinstance(read, dict) and len(found) <= MOST else []


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        yield name, json.dumps(value, default=str)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, default=str)


def _facts(found: Iterable[tuple[str, str]], source: bytes) -> Iterator[Fact]:
    for name, value in found:
        if not _is_secret(name.encode("utf-8", "surrogateescape").rpartition(b".")[2]):
            yield Fact(TOPIC, name, value.encode("utf-8", "surrogateescape"), source)


def _is_secret(name: bytes) -> bool:
    from rpz.packer.secrets.names import Naming, naming

    return naming(name) is not Naming.NOTHING


def _files(
    database: TraceDatabase,
    run: int,
    folder: bytes,
    words: list[str],
    snapshots: Path,
    paths: Iterable[bytes],
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the parameter files that were there and were read, as they were before the run.

    They are below the working folder, or arguments name them.
    """
    named = {posixpath.join(folder, os.fsencode(word.rpartition("=")[2])) for word in words}
    kept = {row.name: row for row in database.rows(SnapshotRow, "run_id = ? AND number > 0", run)}
    for path in paths:
        inside = path.startswith(folder.rstrip(b"/") + b"/") and not _is_hidden(path[len(folder) :])
        if posixpath.splitext(path)[1].lower() in READERS and (inside or path in named):
            row = kept.get(path)
            source = os.fsencode(snapshots / str(row.number)) if row else path
            yield path, _content(source)


def _is_hidden(path: bytes) -> bool:
    """Whether a path below the working folder is of a tool or a library, not of the experiment."""
    parts = path.split(b"/")
    return any(
        part.startswith(b".") or part in (b"site-packages", b"node_modules") for part in parts
    )


def _content(path: bytes) -> bytes:
    """Return what a regular file holds, nothing of another, or of one that is large or gone."""
    try:
        # What is there by now may be a pipe, which would be waited for
        with open(os.open(path, FLAGS), "rb") as file:
            is_regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            content = file.read(LARGEST + 1) if is_regular else b""
    except OSError:
        return b""
    return content if len(content) <= LARGEST else b""
