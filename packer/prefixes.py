"""Tell a person's data from what an installation of Python, R and the like brings along."""

from __future__ import annotations

import os
import re
from functools import cache

SYSTEM = re.compile(rb"/(bin|etc|lib[^/]*|sbin|usr|var|run|opt|boot|nix|snap)(/|$)")
"""Folders whose files belong to the machine rather than to the experiment."""

CODE = re.compile(
    rb"\.(so(\.[0-9.]+)?|py[cow]?|pth|egg-link|dist-info|jar|class|rb|pm|pl|R|rdb|rdx)$"
)
"""Ends of names of program text and libraries."""

PACKAGE_FOLDERS = frozenset(
    (b"site-packages", b"dist-packages", b"node_modules", b"__pycache__", b"conda-meta")
)
"""Folders that only package managers fill."""

MARKS = (
    b"pyvenv.cfg",
    b"conda-meta",
    b"bin/python3",
    b"bin/python",
    b"bin/R",
    b"bin/Rscript",
    b"bin/julia",
    b"bin/node",
    b"bin/ruby",
    b"bin/perl",
    b"bin/java",
)
"""What is found at the root of an installation, whatever its place."""

PARTS = re.compile(rb"(bin|lib|lib32|lib64|libexec|include|share|etc|ssl|pkgs|conf|jmods)$")
"""Folders of an installation; its other folders may be a project's around it."""


def is_system(path: bytes) -> bool:
    """Whether a path belongs to the machine: outside what a person calls his files."""
    return SYSTEM.match(path) is not None


def is_hidden(path: bytes, workingdir: bytes) -> bool:
    """Whether a dot-file or a dot-folder is in a path, below the working folder if it's there."""
    if path.startswith(workingdir.rstrip(b"/") + b"/"):
        path = path[len(workingdir) :]
    return any(name.startswith(b".") for name in path.split(b"/"))


def is_installed(path: bytes) -> bool:
    """Whether a file is program text, or part of an installation of programs."""
    names = path.split(b"/")
    if CODE.search(names[-1]) or names[-1] in MARKS or not PACKAGE_FOLDERS.isdisjoint(names):
        return True
    return any(
        PARTS.match(name) and _is_prefix(b"/".join(names[:index]))
        for index, name in enumerate(names[:-1])
        if index > 1
    )


def is_program(path: bytes) -> bool:
    """Whether a file starts as an ELF program or library does."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


@cache
def _is_prefix(folder: bytes) -> bool:
    return any(os.path.lexists(folder + b"/" + mark) for mark in MARKS)
