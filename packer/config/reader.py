"""Read ``config.yml``, as written by rpz, by ReproZip or by a person."""

from __future__ import annotations

import io
import logging
import re
from typing import IO, TYPE_CHECKING

from rpaths import Pattern

from rpz.packer.config.faults import ConfigError, nearest
from rpz.packer.config.model import (
    PLAIN_INPUT_OUTPUT,
    VERSION,
    Config,
    Extent,
    InputOutput,
    Package,
    Run,
)
from rpz.packer.config.nodes import Source
from rpz.packer.config.unique import Unique
from rpz.packer.rows import Aside, kept, kept_paths
from rpz.tracer.naming import RULE, is_valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rpaths import PosixPath

    from rpz.packer.config.compose import Node

log = logging.getLogger(__name__)

TOLD = 10
"""Unknown keys that are told; a file that has more is not one of ours."""

TOP = {
    "pack_id", "version", "runs", "inputs_outputs", "packages", "other_files",
    "additional_patterns", "excluded_patterns", "input_files", "output_files",
}  # fmt: skip
"""Keys of the file; the last two are old ones of ReproZip's, which it passes over as well."""
RUN = {
    "id", "binary", "argv", "workingdir", "environ", "architecture", "distribution", "hostname",
    "system", "uid", "gid", "exitcode", "signal", "walltime", "input_files", "output_files",
}  # fmt: skip
"""Of a run. ReproZip up to 0.6 wrote the last two; ``walltime`` is of its development branch."""
INPUT_OUTPUT = {"name", "path", "read_by_runs", "written_by_runs"}
PACKAGE = {
    "name", "version", "size", "packfiles", "files", "meta", "manager", "purl", "extent",
}  # fmt: skip

OLDEST = (0, 2)
NEWEST = (1, 1)
"""Of ReproZip's development branch, whose 1.0 and 1.1 add facts that rpz passes over."""

DEFAULT_ID = 1000
"""User and group of runs that don't name theirs, as ReproZip has it."""


def read_config(path: Path) -> Config:
    """Read a file.

    Raises:
        ConfigError: there is none, or it is not a ``config.yml``; the message says where and why.

    """
    try:
        with path.open("rb") as file:
            return load_config(file, str(path), strict=True)
    except FileNotFoundError:
        raise ConfigError(
            f"There is no {path}", "Trace an experiment first (rpz trace), or write it: rpz reset"
        ) from None


def parse_config(data: bytes, name: str, *, strict: bool = False) -> Config:
    """Read the content of a file called ``name``: see :func:`load_config`."""
    return load_config(io.BytesIO(data), name, strict=strict)


def load_config(file: IO[bytes], name: str, *, strict: bool = False) -> Config:
    """Read an open file called ``name``, from its beginning; it is gone through twice.

    With ``strict``, what a person has probably written by mistake is an error: a key that is nearly
    one of ours, a path with ``..``, a pattern that can't match.

    Raises:
        ConfigError: it is not a ``config.yml``; the message says where and why.

    """
    source = Source(name, strict)
    root = source.compose(file)
    if root is None:
        raise ConfigError(f"{name} is empty", "Write it anew from the trace: rpz reset")
    return _Reader(source).config(root)


class _Reader:
    """Builds the objects, and remembers the keys that it didn't know."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._unknown: list[str] = []
        self._aside = Aside()

    def config(self, root: Node) -> Config:
        s = self._source
        top = s.mapping(root, "the sections of a config.yml")
        self._check_version(top, root)
        self._note_unknown(root, TOP, "")
        runs_node = self._get(top, "runs", root)
        run_nodes = list(s.items(runs_node, "a list of runs"))
        if s.strict and not run_nodes:
            raise s.error(runs_node, "a run at least")
        runs = tuple(self._run(node, index) for index, node in enumerate(run_nodes))
        ids = Unique(s, "run id")
        for run, node in zip(runs, run_nodes, strict=True):
            ids.add(run.id, node)
        ids.check()
        named = self._inputs_outputs(top.get("inputs_outputs"), len(runs))
        return Config(
            runs=runs,
            inputs_outputs=named or tuple(self._old_inputs_outputs(run_nodes)),
            packages=tuple(map(self._package, s.items(top.get("packages"), "a list of packages"))),
            other_files=kept_paths(self._paths(top.get("other_files")), self._aside),
            additional_patterns=tuple(self._patterns(top.get("additional_patterns"))),
            excluded_patterns=tuple(self._patterns(top.get("excluded_patterns"))),
            pack_id=s.text(top["pack_id"], "an id") if "pack_id" in top else None,
            unknown_keys=tuple(self._unknown),
        )

    def _check_version(self, top: Mapping[str, Node], root: Node) -> None:
        node = self._get(top, "version", root)
        version = self._source.text(node, "a version")
        if not (match := re.fullmatch(r"(\d{1,9})\.(\d{1,9})(\.\d+)*", version)):
            raise self._source.error(node, f'a version such as "{VERSION}"')
        numbers = int(match[1]), int(match[2])
        if not OLDEST <= numbers <= NEWEST:
            raise ConfigError(
                f"{self._source.place(node)}: version {version} of the format can't be read; "
                f"this rpz reads {'.'.join(map(str, OLDEST))} to {'.'.join(map(str, NEWEST))}",
                "Use the rpz or ReproZip that made it" if numbers > NEWEST else None,
            )

    def _run(self, node: Node, index: int) -> Run:
        s = self._source
        values = s.mapping(node, "a run")
        self._note_unknown(node, RUN, f"runs[{index}].")

        def text(key: str, default: str) -> str:
            return s.text(values[key], key) if key in values else default

        if "exitcode" in values and "signal" in values:
            raise s.wrong(values["signal"], "expected either exitcode or signal, found both")
        return Run(
            id=self._id(values.get("id"), f"run{index}"),
            binary=s.path(self._get(values, "binary", node), "the program's path"),
            argv=self._argv(self._get(values, "argv", node)),
            workingdir=s.path(self._get(values, "workingdir", node), "a folder"),
            environ=self._environ(self._get(values, "environ", node)),
            architecture=text("architecture", ""),
            distribution=self._pair(values.get("distribution"), "a distribution and its version"),
            hostname=text("hostname", "reprounzip"),
            system=self._pair(values.get("system"), "a kernel and its version"),
            uid=self._user(values, "uid"),
            gid=self._user(values, "gid"),
            exitcode=self._number(values, "exitcode"),
            signal=self._number(values, "signal"),
        )

    def _id(self, node: Node | None, default: str) -> str:
        if node is None or self._source.is_empty(node):
            return default
        name = self._source.text(node, "a run's name")
        if self._source.strict and not is_valid(name):
            raise self._source.error(node, f"a run's name ({RULE})")
        return name

    def _argv(self, node: Node) -> tuple[str, ...]:
        words = self._source.items(node, "the list of a program's arguments")
        return tuple(self._source.text(word, "an argument (in quotes)") for word in words)

    def _environ(self, node: Node) -> dict[str, str]:
        values = self._source.mapping(node, "variables of the environment")
        for name, value in values.items():
            if not name or "=" in name:
                raise self._source.error(
                    value, f"the value of a variable, which {name!r} can't name"
                )
        return {
            name: self._source.text(value, f'the value of {name} (in quotes; "" if it is empty)')
            for name, value in values.items()
        }

    def _pair(self, node: Node | None, what: str) -> tuple[str, str]:
        """Return two words; those that are missing, in old files, are empty."""
        words = [self._source.text(word, what) for word in self._source.items(node, what)]
        return words[0] if words else "", " ".join(words[1:])

    def _inputs_outputs(self, node: Node | None, runs: int) -> Sequence[InputOutput]:
        names, paths = Unique(self._source, "name"), Unique(self._source, "path")

        def named() -> Iterator[InputOutput]:
            for item in self._source.items(node, "a list of inputs and outputs"):
                file = self._input_output(item, runs)
                names.add(file.name, item)
                if self._source.strict:  # reprounzip fails on it
                    paths.add(bytes(file.path).decode(errors="backslashreplace"), item)
                yield file

        found = kept(named(), *PLAIN_INPUT_OUTPUT, self._aside)
        names.check()
        paths.check()
        return found

    def _input_output(self, node: Node, runs: int) -> InputOutput:
        s = self._source
        values = s.mapping(node, "an input or output")
        self._note_unknown(node, INPUT_OUTPUT, "inputs_outputs.")
        return InputOutput(
            name=s.text(self._get(values, "name", node), "a name"),
            path=s.path(self._get(values, "path", node), "a file"),
            read_by_runs=self._run_numbers(values.get("read_by_runs"), runs),
            written_by_runs=self._run_numbers(values.get("written_by_runs"), runs),
        )

    def _run_numbers(self, node: Node | None, runs: int) -> tuple[int, ...]:
        what = f"a run's number, 0 to {runs - 1}"
        numbers = []
        for item in self._source.items(node, "a list of numbers of runs"):
            number = self._source.integer(item, what)
            if number >= runs:
                raise self._source.error(item, what)
            numbers.append(number)
        return tuple(numbers)

    def _old_inputs_outputs(self, runs: Iterable[Node]) -> Iterable[InputOutput]:
        """Yield what ReproZip before 0.7 kept with each run: a name and a path."""
        found: dict[str, InputOutput] = {}
        for index, run in enumerate(runs):
            values = self._source.mapping(run, "a run")
            for key, reads in (("input_files", True), ("output_files", False)):
                if key not in values:
                    continue
                for name, node in self._source.mapping(values[key], "names and paths").items():
                    path = self._source.path(node, "a file")
                    old = found.get(name, InputOutput(name, path))
                    found[name] = InputOutput(
                        name,
                        path,
                        old.read_by_runs + ((index,) if reads else ()),
                        old.written_by_runs + (() if reads else (index,)),
                    )
        return found.values()

    def _package(self, node: Node) -> Package:
        s = self._source
        values = s.mapping(node, "a package")
        self._note_unknown(node, PACKAGE, "packages.")
        packfiles = values.get("packfiles")
        return Package(
            name=s.text(self._get(values, "name", node), "a package's name"),
            version=s.text(self._get(values, "version", node), "a version"),
            files=kept_paths(self._paths(self._get(values, "files", node)), self._aside),
            packfiles=True if packfiles is None else s.boolean(packfiles, "true or false"),
            size=self._number(values, "size"),
            manager=s.text(values["manager"], "a manager") if "manager" in values else "",
            purl=s.text(values["purl"], "a package URL") if "purl" in values else "",
            extent=self._extent(values.get("extent")),
        )

    def _patterns(self, node: Node | None) -> Iterable[str]:
        for item in self._source.items(node, "a list of patterns"):
            pattern = self._source.text(item, "a pattern")
            if self._source.strict and not _can_match(pattern):
                raise self._source.error(item, "a pattern that begins with / and has no single [")
            yield pattern

    def _extent(self, node: Node | None) -> Extent:
        """Return which files of a package are packed."""
        if node is None:
            return Extent.TOUCHED
        choices = [extent.value for extent in Extent]
        chosen = self._source.text(node, " or ".join(choices))
        if chosen not in choices:
            raise self._source.error(node, " or ".join(choices))
        return Extent(chosen)

    def _paths(self, node: Node | None) -> Iterable[PosixPath]:
        for item in self._source.items(node, "a list of files"):
            yield self._source.path(item, "a file")

    def _number(self, values: Mapping[str, Node], key: str) -> int | None:
        node = values.get(key)
        if node is None or self._source.is_empty(node):
            return None
        return self._source.integer(node, "a number")

    def _user(self, values: Mapping[str, Node], key: str) -> int:
        number = self._number(values, key)
        return DEFAULT_ID if number is None else number

    def _get(self, values: Mapping[str, Node], key: str, node: Node) -> Node:
        if key not in values:
            raise self._source.wrong(node, f"the key {key!r} is missing here")
        return values[key]

    def _note_unknown(self, node: Node, known: set[str], where: str) -> None:
        for key, key_node in self._source.keys(node, "keys with values"):
            if key in known:
                continue
            meant = nearest(key, known)
            hint = f", perhaps for {meant!r}" if meant else ""
            if meant and self._source.strict:
                raise self._source.wrong(key_node, f"unknown key {key!r}{hint}")
            self._unknown.append(where + key)
            place = self._source.place(key_node)
            if len(self._unknown) <= TOLD:
                log.warning("%s: unknown key %r, passed over", place, key)
            elif len(self._unknown) == TOLD + 1:
                log.warning("%s: more unknown keys, passed over", place)


def _can_match(pattern: str) -> bool:
    """Whether a pattern is one, from the root, as rpaths has them: it reads UTF-8 only."""
    try:
        pattern.encode()
        Pattern(pattern)
    except (UnicodeEncodeError, IndexError, re.error):
        return False
    return pattern.startswith("/")
