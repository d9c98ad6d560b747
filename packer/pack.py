"""Make a pack from a trace folder."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.packer.archive.format import PackError
from rpz.packer.archive.writer import Content, write_archive
from rpz.packer.closure import completed
from rpz.packer.config.reader import read_config
from rpz.packer.config.writer import config_text
from rpz.packer.configure import CONFIG, TRACE, describer, read_selection
from rpz.packer.own import without_own
from rpz.packer.plan import listed, plan
from rpz.tracer.database import TraceDatabase
from rpz.tracer.rows import WarningRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rpz.packer.archive.data import Progress, Summary
    from rpz.packer.closure import Result
    from rpz.packer.config.model import Config
    from rpz.packer.plan import Plan
    from rpz.packer.select import LeftOut, Selection

SUFFIX = ".rpz"


@dataclass(frozen=True)
class Report:
    """What became of a pack, for the person who asked for it.

    ``left_out`` can't be packed, ``unlisted`` is needed and was taken out of ``config.yml``,
    ``changed`` is packed as it is now, which is not as a run read it. ``closure`` is what was added
    or is missing for the programs in the pack. ``seconds`` it took.
    """

    path: Path
    size: int
    summary: Summary
    packages: int
    seconds: float
    left_out: tuple[LeftOut, ...]
    unlisted: tuple[bytes, ...]
    changed: tuple[bytes, ...]
    idle_patterns: tuple[str, ...]
    warnings: tuple[str, ...]
    closure: Result


def target_path(name: Path) -> Path:
    """Return the path of a pack: with ``.rpz`` if it has no suffix."""
    return name if name.suffix else name.with_name(name.name + SUFFIX)


def pack(
    folder: Path,
    target: Path,
    *,
    overwrite: bool = False,
    extras: Mapping[str, Path] | None = None,
    progress: Callable[[int], Progress] | None = None,
) -> Report:
    """Pack what ``folder/config.yml`` lists into ``target``.

    Args:
        folder: the trace folder.
        target: the pack; :func:`target_path` gives the usual name.
        overwrite: replace a pack that exists, once the new one is whole.
        extras: files to store in the pack as ``EXTENSIONS/<name>``.
        progress: is called with the number of bytes to read; what it returns is called with those
            of each step.

    Raises:
        PackError: the target exists, or something that is listed can't be read.
        ConfigError: the ``config.yml`` is missing or wrong.

    """
    begin = time.monotonic()
    _check_target(target, overwrite=overwrite)
    selection = read_selection(folder)
    config = read_config(folder / CONFIG)
    planned = without_own(plan(config, selection), folder, target)
    planned, selection, closure = completed(planned, selection, config, folder / TRACE)
    content = Content(
        planned.members,
        folder / TRACE,
        _config_text(config, planned, selection),
        extras or {},
    )
    try:
        summary = write_archive(target, content, progress(planned.size) if progress else _ignore)
    except OSError as error:
        if error.filename is not None:  # it says itself what it is about
            raise
        raise PackError(
            f"{target} can't be written: {error.strerror}", "Make room, or choose another place"
        ) from error
    packed = {member.path for member in planned.members}
    return Report(
        path=target,
        size=target.stat().st_size,
        summary=summary,
        packages=sum(package.packfiles for package in config.packages),
        seconds=time.monotonic() - begin,
        left_out=tuple(item for item in selection.left_out if item.path not in packed),
        unlisted=tuple(n.path for n in selection.needed if n.path not in packed),
        changed=tuple(path for path in selection.changed if path in packed),
        idle_patterns=planned.idle_patterns,
        warnings=_warnings(folder),
        closure=closure,
    )


def _check_target(target: Path, *, overwrite: bool) -> None:
    if target.is_dir():
        raise PackError(f"{target} is a folder", "Choose another name")
    if not overwrite and (target.exists() or target.is_symlink()):
        raise PackError(
            f"{target} exists already", "Choose another name, or replace it: --overwrite"
        )
    if not target.parent.is_dir():
        raise PackError(f"There is no folder {target.parent}", "Make it first")


def _config_text(config: Config, planned: Plan, selection: Selection) -> Callable[[str], str]:
    known = {bytes(path) for path in listed(config)}
    matched = sorted(set(planned.matched) - known)
    packed = replace(
        config,
        other_files=(*config.other_files, *map(PosixPath, matched)),
        additional_patterns=(),
    )

    def text(pack_id: str) -> str:
        return config_text(replace(packed, pack_id=pack_id), describer(selection))

    return text


def _warnings(folder: Path) -> tuple[str, ...]:
    with TraceDatabase.open(folder / TRACE) as database:
        texts = (row.text.decode(errors="replace") for row in database.rows(WarningRow))
        return tuple(dict.fromkeys(texts))


def _ignore(_count: int) -> None:
    pass
