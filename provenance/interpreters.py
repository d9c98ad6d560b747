"""Which interpreters a run used, and of which version: nothing is started to find that out.

A row of :data:`INTERPRETERS` says by which file one is known, and where its version is: in that
file's path or content, or in a file beside it.
"""

from __future__ import annotations

import mmap
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.tracer.facts import Fact
from rpz.tracer.sha256 import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TOPIC = "program"


@dataclass(frozen=True)
class Interpreter:
    """An interpreter: ``file`` matches the real path of its program or library.

    ``names`` are what the names of these begin with, which is quicker to ask of many files.
    ``version`` finds the version, its first group, in that file, or in the one that is ``beside``:
    a path from the folder that is the first group of ``file``. Where it is None, the version is the
    group ``version`` of the path. ``%s`` in it is that group, of which it is to be a version.
    """

    name: str
    names: tuple[bytes, ...]
    file: re.Pattern[bytes]
    version: bytes | None = None
    beside: bytes | None = None

    def version_of(self, path: bytes) -> bytes:
        """Return the version of the interpreter that this file is of, b"" if it isn't found."""
        found = self.file.fullmatch(path)
        if found is None:
            return b""
        of = found.groupdict().get("version") or b""
        if self.version is None:
            return of
        pattern = self.version.replace(b"%s", re.escape(of))
        return _search(path if self.beside is None else found[1] + self.beside, pattern)


def _at(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.DOTALL)


INTERPRETERS = (
    Interpreter(
        "Python",
        (b"python3", b"libpython3"),
        _at(rb".*/(?:lib)?python(?P<version>3\.\d+)t?(?:\.so\.1\.0)?"),
        rb"(%s\.\d+(?:(?:a|b|rc)\d+)?\+?)\0",
    ),
    Interpreter(
        "R",
        (b"libR.so",),
        _at(rb"(.*)/lib/libR\.so"),
        rb"\nVersion: ([\d.]+)\n",
        beside=b"/library/base/DESCRIPTION",
    ),
    Interpreter(
        "perl",
        (b"perl", b"libperl.so"),
        _at(rb".*/(?:perl(?:5\.\d+\.\d+)?|libperl\.so[\d.]*)"),
        rb"\bv(5\.\d+\.\d+)\0",
    ),
    Interpreter(
        "ruby",
        (b"ruby", b"libruby"),
        _at(rb".*/(?:ruby[\d.]*|libruby[\w.-]*\.so[\d.]*)"),
        rb"ruby (\d+\.\d+\.\d+\w*) \(",
    ),
    Interpreter(
        "node",
        (b"node", b"libnode.so"),
        _at(rb".*/(?:node|nodejs|libnode\.so[\d.]*)"),
        rb"/node-v(\d+\.\d+\.\d+)\.tar",
    ),
    Interpreter(
        "Java",
        (b"libjvm.so",),
        _at(rb"(.*)/lib/(?:\w+/)?server/libjvm\.so"),
        rb'JAVA_VERSION="([^"]+)"',
        beside=b"/release",
    ),
    Interpreter("Julia", (b"libjulia.so",), _at(rb".*/libjulia\.so\.(?P<version>\d+\.\d+\.\d+)")),
    Interpreter(
        "Octave",
        (b"liboctinterp.so",),
        _at(rb".*/octave/(?P<version>\d+\.\d+\.\d+)/liboctinterp\.so[\d.]*"),
    ),
    Interpreter("bash", (b"bash",), _at(rb".*/bash"), rb"@\(#\)Bash version ([\w.()-]+)"),
)


NAMES = tuple(name for interpreter in INTERPRETERS for name in interpreter.names)


def interpreters(paths: Iterable[bytes]) -> Iterator[Fact]:
    """Yield the interpreters of which a run read the program or the library, among its files."""
    said: set[tuple[str, bytes]] = set()
    for path in (path for path in paths if path.rpartition(b"/")[2].startswith(NAMES)):
        for interpreter in INTERPRETERS:
            version = interpreter.version_of(path)
            if version and (interpreter.name, version) not in said:
                said.add((interpreter.name, version))
                yield Fact(TOPIC, "interpreter", interpreter.name.encode() + b" " + version, path)


def _search(path: bytes, pattern: bytes) -> bytes:
    """Return the first group of the first match in a file; nothing where there is none."""
    try:
        with (
            open(os.open(path, FLAGS), "rb") as file,  # not waited for, if it is a pipe by now
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            found = re.search(pattern, content)
            return found[1] if found else b""
    except (OSError, ValueError):  # ValueError: it is empty
        return b""
