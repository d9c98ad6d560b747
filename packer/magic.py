"""The kernel's folders."""

from __future__ import annotations

import re

MAGIC = re.compile(rb"/*(dev|proc|sys)(/|\Z)")
"""Folders at the root that the kernel fills: never packed, every unpacker brings its own."""


def is_magic(path: bytes) -> bool:
    """Whether a path is the kernel's, not a file of the machine."""
    return MAGIC.match(path) is not None
