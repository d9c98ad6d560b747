"""What goes into the data of a pack, as a list that the writer only has to carry out."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from rpz.packer.before import Status
from rpz.packer.select import Kind
from rpz.packer.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
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


class Members:
    """Members by their paths; in order, a folder comes right before what is in it."""

    def __init__(self, some: Iterable[Member] = ()) -> None:
        """Begin with some."""
        self._table: Table[Member] = Table(_plain, _member)
        self._table.update((_key(member.path), member) for member in some)

    def put(self, member: Member) -> None:
        """Add a member, in the place of another of its path."""
        self._table[_key(member.path)] = member

    def remove(self, path: bytes) -> None:
        """Take the member of a path out, if there is one."""
        del self._table[_key(path)]

    def __contains__(self, path: object) -> bool:
        """Whether there is a member of a path."""
        return isinstance(path, bytes) and _key(path) in self._table

    def __iter__(self) -> Iterator[Member]:
        """Yield all in order, which is the same every time."""
        return self._table.stream()

    @property
    def paths(self) -> Paths:
        """The paths alone."""
        return Paths(self._table)

    def add_parents(self) -> None:
        """Add the folders above all members; ``/`` itself is nobody's member."""
        parents: Table[None] = Table()
        parents.add_all((key, None) for key in _parents(self._table))
        folders = (_path(key) for key in parents)
        self._table.add_all(
            (_key(path), Member(path, Kind.FOLDER, path, on_the_way=True)) for path in folders
        )
        self.remove(b"/")


class Paths:
    """The paths of members."""

    def __init__(self, table: Table[Member]) -> None:
        """See :class:`Members`."""
        self._table = table

    def __iter__(self) -> Iterator[bytes]:
        """Yield all, in the order of the members."""
        return map(_path, self._table)

    def __contains__(self, path: object) -> bool:
        """Whether there is a member of a path."""
        return isinstance(path, bytes) and _key(path) in self._table


def _key(path: bytes) -> bytes:
    """Return what sorts as the path's components do: there is no NUL in names."""
    return path.replace(b"/", b"\0")


def _path(key: bytes) -> bytes:
    return key.replace(b"\0", b"/")


def _parents(keys: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the folders above sorted keys, as keys."""
    last = b"\0"
    for key in keys:
        first = parent = key[: key.rfind(b"\0")]
        while parent and not last.startswith(parent + b"\0"):
            yield parent
            parent = parent[: parent.rfind(b"\0")]
        last = first + b"\0"


KINDS = tuple(Kind)
NUMBERS = {kind: number for number, kind in enumerate(KINDS)}


def _plain(member: Member) -> tuple[Any, ...]:
    status, source = member.status, member.source
    return (
        NUMBERS[member.kind],
        True if source == member.path else source,
        member.target,
        member.on_the_way,
        None if status is None else astuple(status),
    )


def _member(key: bytes, plain: tuple[Any, ...]) -> Member:
    path = _path(key)
    number, source, target, on_the_way, status = plain
    return Member(
        path,
        KINDS[number],
        path if source is True else source,
        target,
        on_the_way,
        None if status is None else Status(*status),
    )
