"""Expand ``additional_patterns``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpaths import Pattern

from rpz.packer.magic import is_magic

if TYPE_CHECKING:
    from collections.abc import Iterator


def matches(pattern: str, top: bytes = b"/") -> Iterator[bytes]:
    """Yield the files, folders and links that a pattern matches; folders without their content.

    Symbolic links are not followed, and folders that can't be listed are passed over.
    """
    matcher = Pattern(pattern)
    start, deep, _ = pattern.partition("**")
    below = Pattern(start + deep) if deep else None  # rpaths prunes what ** would reach
    stack = [top]
    while stack:
        try:
            entries = sorted(os.scandir(stack.pop()), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if is_magic(entry.path):
                continue
            if matcher.matches(entry.path):
                yield entry.path
            if entry.is_dir(follow_symlinks=False) and (
                matcher.may_contain_matches(entry.path) or (below and below.matches(entry.path))
            ):
                stack.append(entry.path)
