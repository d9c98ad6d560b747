"""Make a pack from a trace folder."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpaths import PosixPath

from rpz.packer.archive.format import PACKAGES, PackError
from rpz.packer.archive.writer import Content, write_archive
from rpz.packer.closure import completed
from rpz.packer.config.identities import saved_identities
from rpz.packer.config.reader import read_config
from rpz.packer.config.writer import config_text
from rpz.packer.configure import CONFIG, TRACE, describer, read_selection
from rpz.packer.own import without_own
from rpz.packer.plan import listed, plan
from rpz.packer.whole import expand
from rpz.tracer.database import TraceDatabase
from rpz.tracer.rows import RunRow, WarningRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rpz.packer.archive.data import Progress, Summary
    from rpz.packer.closure import Result
    from rpz.packer.plan import Plan
    from rpz.packer.select import LeftOut, Selection
    from rpz.packer.whole import Expansion

SUFFIX = ".rpz"
NANOSECONDS = 10**9


@dataclass(frozen=True)
class Report:
    """What became of a pack, for the person who asked for it.

    ``left_out`` can't be packed, ``unlisted`` is needed and was taken out of ``config.yml``,
    ``changed`` is packed as it is now, which is not as a run read it. ``seconds`` it took.
    ``expansion`` is what is packed beside what was used, ``closure`` what programs need or miss.
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
    expansion: Expansion
    closure: Result


def target_path(name: Path) -> Path:
    """Return the path of a pack: with ``.rpz`` if it has no suffix."""
    return name if name.suffix else name.with_name(name.name + SUFFIX)


def pack(
    folder: Path,
    target: Path,
    *,
    overwrite: bool = False,
    whole_packages: bool | None = None,
    extras: Mapping[str, Path] | None = None,
    progress: Callable[[int], Progress] | None = None,
) -> Report:
    """Pack what ``folder/config.yml`` lists into ``target``.

    Args:
        folder: the trace folder.
        target: the pack; :func:`target_path` gives the usual name.
        overwrite: replace a pack that exists, once the new one is whole.
        whole_packages: pack all packages whole, or none and no standard library either; None to
            go by what ``config.yml`` says of each.
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
    expansion = expand(read_config(folder / CONFIG), _started(folder), whole=whole_packages)
    config = expansion.config
    planned = without_own(plan(config, selection), folder, target)
    planned, selection, closure = completed(planned, selection, config, folder / TRACE)
    text = _config_text(expansion, planned, selection)
    with _full_disk_told(target), _scratch(target) as scratch:
        own = {PACKAGES: saved_identities(config, scratch)}
        content = Content(planned.members, folder / TRACE, text, {**(extras or {}), **own})
        steps = progress(planned.size) if progress else _ignore
        summary = write_archive(target, content, steps)
    return Report(
        path=target,
        size=target.stat().st_size,
        summary=summary,
        packages=sum(package.packfiles for package in config.packages),
        seconds=time.monotonic() - begin,
        idle_patterns=planned.idle_patterns,
        warnings=_warnings(folder),
        expansion=expansion,
        closure=closure,
        **_left(selection, expansion, planned),
    )


@contextlib.contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Make a folder beside the target, for what is put together before it is written."""
    with tempfile.TemporaryDirectory(prefix=".rpz-", dir=target.parent) as folder:
        yield Path(folder)


@contextlib.contextmanager
def _full_disk_told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.filename is not None:  # it says itself what it is about
            raise
        raise PackError(
            f"{target} can't be written: {error.strerror}", "Make room, or choose another place"
        ) from error


def _left(selection: Selection, expansion: Expansion, planned: Plan) -> dict[str, Any]:
    """Return the parts of a report that tell of what isn't packed, or not as it was."""
    packed = {member.path for member in planned.members}
    left_out = (*selection.left_out, *expansion.left_out)
    return {
        "left_out": tuple(item for item in left_out if item.path not in packed),
        "unlisted": tuple(item.path for item in selection.needed if item.path not in packed),
        "changed": tuple(path for path in selection.changed if path in packed),
    }


def _check_target(target: Path, *, overwrite: bool) -> None:
    if target.is_dir():
        raise PackError(f"{target} is a folder", "Choose another name")
    if not overwrite and (target.exists() or target.is_symlink()):
        raise PackError(
            f"{target} exists already", "Choose another name, or replace it: --overwrite"
        )
    if not target.parent.is_dir():
        raise PackError(f"There is no folder {target.parent}", "Make it first")


def _config_text(expansion: Expansion, planned: Plan, selection: Selection) -> Callable[[str], str]:
    config = expansion.config
    known = {bytes(path) for path in listed(config)}
    matched = sorted(set(planned.matched) - known)
    packed = replace(
        config,
        other_files=(*config.other_files, *map(PosixPath, matched)),
        additional_patterns=(),
    )

    used = describer(selection)

    def describe(path: PosixPath) -> str:
        cause = expansion.causes.get(bytes(path))
        return cause.value if cause else used(path)

    def text(pack_id: str) -> str:
        return config_text(replace(packed, pack_id=pack_id), describe)

    return text


def _started(folder: Path) -> float:
    """Return when the first run began, in seconds since 1970."""
    with TraceDatabase.open(folder / TRACE) as database:
        return min((row.started for row in database.rows(RunRow)), default=0) / NANOSECONDS


def _warnings(folder: Path) -> tuple[str, ...]:
    with TraceDatabase.open(folder / TRACE) as database:
        texts = (row.text.decode(errors="replace") for row in database.rows(WarningRow))
        return tuple(dict.fromkeys(texts))


def _ignore(_count: int) -> None:
    pass
