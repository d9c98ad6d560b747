"""What goes into the data of a pack, as a list that the writer only has to carry out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.select import Kind

if TYPE_CHECKING:
    from rpz.packer.before import Status


@dataclass(frozen=True)
class Member:
    """One file, folder or link: ``path`` in the experiment, from ``source`` on this machine.

    A folder or a link may have no source: it is then made up, with the usual mode, root's. A folder
    that is only ``on_the_way`` to others gets no time: no run looked at it, and that of ``/tmp``
    would make every pack a different one. A file that a run has changed has the ``status`` that it
    had before. A file without a source is a placeholder: empty, with the attributes of ``status``.
    """

    path: bytes
    kind: Kind
    source: bytes | None
    target: bytes | None = None
    on_the_way: bool = False
    status: Status | None = None

    @property
    def is_placeholder(self) -> bool:
        """Whether it is a file of which only the name is packed."""
        return self.kind is Kind.FILE and self.source is None


def in_order(members: dict[bytes, Member]) -> list[Member]:
    """Sort members so that a folder comes right before what is in it, the same every time."""
    return [members[path] for path in sorted(members, key=lambda path: path.split(b"/"))]


def with_parents(members: dict[bytes, Member]) -> dict[bytes, Member]:
    """Add the folders above all members; ``/`` itself is nobody's member."""
    complete = dict(members)
    for path in members:
        parent = os.path.dirname(path)
        while parent not in (b"/", b"") and parent not in complete:
            complete[parent] = Member(parent, Kind.FOLDER, parent, on_the_way=True)
            parent = os.path.dirname(parent)
    complete.pop(b"/", None)
    return complete
