"""What a user can choose when he unpacks: the options that an unpacker has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

Choices = Mapping[str, "str | bool | tuple[str, ...]"]
"""The choices that were made, by the options' names; those that weren't are missing."""


class Takes(Enum):
    """What follows an option."""

    NOTHING = "nothing"
    TEXT = "text"
    TEXTS = "texts"
    """A text each time that it is given."""


@dataclass(frozen=True)
class Choice:
    """An option of ``rpz unpack NAME``; ``name`` is as in ``--name``, ``help`` a sentence."""

    name: str
    help: str
    takes: Takes = Takes.TEXT
    metavar: str = "TEXT"
