"""What ``config.yml`` says, as objects.

Text of an experiment (arguments, environment) is ``str`` decoded as UTF-8 with ``surrogateescape``,
so that any bytes survive; paths inside the experiment are :class:`rpaths.PosixPath`, byte-exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.packer.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VERSION = "0.8"
"""ReproZip's version of the format."""


@dataclass(frozen=True)
class Run:
    """One command to run again.

    ``exitcode`` and ``signal`` exclude each other; both are None when the end was not seen.
    """

    id: str
    binary: PosixPath
    argv: tuple[str, ...]
    workingdir: PosixPath
    environ: dict[str, str]
    architecture: str
    distribution: tuple[str, str]
    hostname: str
    system: tuple[str, str]
    uid: int
    gid: int
    exitcode: int | None = None
    signal: int | None = None


@dataclass(frozen=True)
class InputOutput:
    """A file that a user would call an input or output, with the runs (by index) that used it."""

    name: str
    path: PosixPath
    read_by_runs: tuple[int, ...] = ()
    written_by_runs: tuple[int, ...] = ()


def _plain(file: InputOutput) -> tuple[str, bytes, tuple[int, ...], tuple[int, ...]]:
    return file.name, bytes(file.path), file.read_by_runs, file.written_by_runs


def _input_output(plain: tuple[str, bytes, tuple[int, ...], tuple[int, ...]]) -> InputOutput:
    return InputOutput(plain[0], PosixPath(plain[1]), *plain[2:])


PLAIN_INPUT_OUTPUT = _plain, _input_output
"""How a long list of them is put aside (:mod:`rpz.packer.rows`)."""


def paths_of(files: Sequence[InputOutput]) -> Iterator[tuple[bytes, bool]]:
    """Yield the paths of inputs and outputs as bytes, and whether they are outputs."""
    rows = files.plain() if isinstance(files, Rows) else map(_plain, files)
    return ((path, bool(written)) for _, path, _, written in rows)


class Extent(Enum):
    """Which files of a package are packed."""

    TOUCHED = "touched"
    """Those that the runs used."""
    LIBRARY = "library"
    """Those, and all others of a language's standard library."""
    WHOLE = "whole"
    """All."""


@dataclass(frozen=True)
class Package:
    """What was installed as one, and those of its files that the runs used.

    ``manager`` is the name of the package manager, ``purl`` the package's URL: what others know it
    by (https://github.com/package-url/purl-spec). Both are empty when nobody said. ``size`` is in
    bytes, of all its files.
    """

    name: str
    version: str
    files: Sequence[PosixPath]
    packfiles: bool = True
    size: int | None = None
    manager: str = ""
    purl: str = ""
    extent: Extent = Extent.TOUCHED

    @property
    def key(self) -> tuple[str, str, str]:
        """What no two packages of an experiment have in common."""
        return self.name, self.version, self.purl


@dataclass(frozen=True)
class Config:
    """A whole ``config.yml``."""

    runs: tuple[Run, ...]
    inputs_outputs: Sequence[InputOutput] = ()
    packages: tuple[Package, ...] = ()
    other_files: Sequence[PosixPath] = ()
    additional_patterns: tuple[str, ...] = ()
    excluded_patterns: tuple[str, ...] = ()
    pack_id: str | None = None
    unknown_keys: tuple[str, ...] = field(default=(), compare=False)
