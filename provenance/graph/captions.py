"""What is written on the nodes of a drawing, and said of them."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.config.model import Package
from rpz.packer.names import short_names
from rpz.packer.sizes import human_size
from rpz.provenance.graph.drawing import Kind
from rpz.provenance.graph.model import File, Process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rpz.provenance.graph.drawing import Node

LONGEST = 48
"""Characters of what is written on a node; what is said of it has no bound but this:"""
LONGEST_TITLE = 2000


@dataclass(frozen=True)
class Caption:
    r"""What is written on a node, on one line; what is said of it, in several; how it looks.

    Both are of printable characters only, besides the ends of lines: bytes that are no UTF-8, and
    characters that control something, are ``\x``, ``\u`` and hexadecimal digits.
    """

    label: str
    title: str
    style: str


def captions(nodes: Sequence[Node]) -> list[Caption]:
    """Return a caption for each node; paths are as short as they can be told apart."""
    files = (Kind.FILE, Kind.FOLDER)
    short = short_names(node.name for node in nodes if node.kind in files)
    return [_caption(node, short.get(node.name, "")) for node in nodes]


def printable(text: bytes | str) -> str:
    """Return text with what can't be printed as escapes, on one line."""
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogateescape")
    decoded = text.decode("utf-8", "backslashreplace")
    if decoded.isprintable():
        return decoded
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in decoded)


def _caption(node: Node, short: str) -> Caption:
    title = [printable(node.name), *(printable(line) for line in _details(node))]
    return Caption(
        label=_cut(_label(node, short)),
        title="\n".join(title)[:LONGEST_TITLE],
        style=node.thing.role.name.lower() if isinstance(node.thing, File) else node.kind.value,
    )


def _label(node: Node, short: str) -> str:
    if isinstance(node.thing, Process) and node.thing.argv:
        program, *words = node.thing.argv
        argv = [posixpath.basename(program) or program, *words]
        return printable(shlex.join(word.decode("utf-8", "surrogateescape") for word in argv))
    if node.kind is Kind.FOLDER and node.count > 1:
        return f"{short} ({node.count} files)"
    return short or printable(node.name)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _details(node: Node) -> list[str]:
    thing = node.thing
    if isinstance(thing, File):
        return _of_file(thing)
    if isinstance(thing, Process):
        return _of_process(thing)
    files = "1 file" if node.count == 1 else f"{node.count} files"
    if isinstance(thing, Package):
        return [f"{thing.manager or 'package'}: {files} used"]
    return [files] if node.kind is Kind.FOLDER else []


def _of_file(file: File) -> list[str]:
    said = [file.role.value]
    if file.package is not None:
        said.append(f"of {file.package.name} {file.package.version}")
    if file.content is not None:
        said += [human_size(file.content.size), f"sha256 {file.content.sha256}"]
    return said


def _of_process(process: Process) -> list[str]:
    said = [f"process {process.number}"]
    if process.ended is not None:
        said.append(f"{(process.ended - process.started) / 1e9:.2f} s")
    if process.signal is not None:
        said.append(f"killed by signal {process.signal}")
    elif process.status:
        said.append(f"exit status {process.status}")
    return said
