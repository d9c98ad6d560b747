"""Put a pack's files, and rpz's own, into layers."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.unpackers.errors import UnfitForImageError
from rpz.unpackers.image import tarstream
from rpz.unpackers.image.recipe import Recipe
from rpz.unpackers.init import init_program, run_file
from rpz.unpackers.members import SECOND, Member, checked
from rpz.unpackers.mountpoints import MOUNT_POINTS, with_folders

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Iterable, Sequence

    from rpz.packer.archive.reader import Pack
    from rpz.packer.config.model import Config
    from rpz.unpackers.image.plan import Plan
    from rpz.unpackers.image.recipe import Layer

OWN = b".rpz"
"""The folder in the image that is rpz's, not the experiment's."""
INIT = "/.rpz/init"
WHITEOUT = b".wh."
"""What the names begin with that stand, in a layer, for files of lower layers to be removed."""


@dataclass(frozen=True)
class Assembled:
    """The layers, the lowest first; ``newest`` is the greatest of the files' times, in seconds."""

    layers: Sequence[Layer]
    newest: int


def assembled(pack: Pack, plan: Plan, stack: contextlib.ExitStack) -> Assembled:
    """Read a pack, and return its layers without those that would be empty; ``stack`` closes them.

    Folders are in the uppermost layer only, for all: what others hold is in no way of this pack
    alone.
    """
    program = init_program(pack)
    recipes = [Recipe() for _ in plan.titles]
    for recipe in recipes:
        stack.callback(recipe.close)
    with pack.data() as archive:
        newest = _add_members(with_folders(checked(archive)), plan, recipes)
    _add_own(recipes[plan.last], program, pack.config)
    named = zip(recipes, plan.titles, strict=True)
    return Assembled([r.finished(title) for r, title in named if not r.is_empty], newest)


def _add_members(members: Iterable[Member], plan: Plan, recipes: Sequence[Recipe]) -> int:
    missing = {name.encode(): mode for name, mode in MOUNT_POINTS.items()}
    newest = 0
    for member in members:
        if member.path[:1] == (OWN,):  # of an experiment that was traced inside a container of ours
            continue
        if b"/".join(member.path) in missing:
            del missing[member.path[0]]
        if member.path:
            newest = max(newest, member.mtime // SECOND)
            _refuse_whiteout(member)
            recipes[plan.number(member)].add_packed(tarstream.packed(member), member)
    for name, mode in missing.items():
        recipes[plan.last].add(_own(name.decode(), tarfile.DIRTYPE, mode))
    return newest


def _refuse_whiteout(member: Member) -> None:
    if member.path[-1].startswith(WHITEOUT):
        raise UnfitForImageError(
            f"{member} can't be in an image, where its name means that another file is removed",
            "Unpack with: rpz unpack chroot",
        )


def _add_own(recipe: Recipe, program: bytes, config: Config) -> None:
    recipe.add(_own(".rpz", tarfile.DIRTYPE, 0o755))
    recipe.add(_own(INIT, mode=0o755), program)
    recipe.add(_own(".rpz/runs", tarfile.DIRTYPE, 0o755))
    for index, run in enumerate(config.runs):
        recipe.add(_own(f".rpz/runs/{index}"), run_file(run))


def _own(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name.lstrip("/"))
    info.type = kind
    info.mode = mode
    return info
