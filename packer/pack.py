"""Make a pack from a trace folder."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpaths import PosixPath

from rpz.packer.archive.codecs import GZIP
from rpz.packer.archive.format import PACKAGES, PUBLICATION, PackError
from rpz.packer.archive.writer import Content, exists_already, write_archive
from rpz.packer.changed import changes, refuse
from rpz.packer.clashes import clashes
from rpz.packer.closure import completed
from rpz.packer.config.identities import saved_identities
from rpz.packer.config.reader import read_config
from rpz.packer.config.writer import config_lines
from rpz.packer.configure import CONFIG, TRACE, describer, read_selection, withheld_notes
from rpz.packer.listings import Listings
from rpz.packer.own import without_own
from rpz.packer.placeholders import placeholders as stand_ins_for
from rpz.packer.plan import listed, plan, without
from rpz.packer.rows import kept_paths
from rpz.packer.secrets.config import redacted
from rpz.packer.secrets.database import without_secrets
from rpz.packer.secrets.haystack import Haystack
from rpz.packer.secrets.report import find_secrets, report_of
from rpz.packer.times import folder_times
from rpz.packer.whole import expand
from rpz.tracer.database import TraceDatabase
from rpz.tracer.folder import TraceFolder
from rpz.tracer.rows import RunRow, WarningRow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from rpz.packer.archive.codecs import Codec
    from rpz.packer.archive.data import Progress, Summary
    from rpz.packer.changed import Changes
    from rpz.packer.closure import Result
    from rpz.packer.placeholders import Placeholders
    from rpz.packer.plan import Plan
    from rpz.packer.secrets.redact import Secrets
    from rpz.packer.secrets.report import SecretsReport
    from rpz.packer.select import LeftOut, Selection
    from rpz.packer.whole import Expansion

SUFFIX = ".rpz"
NANOSECONDS = 10**9


@dataclass(frozen=True)
class Report:
    """What became of a pack, for the person who asked for it.

    ``left_out`` can't be packed, ``unlisted`` is needed and was taken out of ``config.yml``,
    ``excluded`` was taken out by a pattern, ``clashes`` are names that differ by case only,
    ``changed`` is packed as it is now, which is not as a run read it before one changed it;
    ``changed_since`` likewise, but changed by nobody that was traced. ``expansion`` is what is
    packed beside what was used, ``closure`` what programs need or miss. ``seconds`` it took.
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
    secrets: SecretsReport
    placeholders: Placeholders
    changed_since: Changes
    expansion: Expansion
    closure: Result
    excluded: tuple[bytes, ...] = ()
    clashes: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True)
class _Ready:
    """All that a pack is written from; ``planned`` has the placeholders, too."""

    selection: Selection
    expansion: Expansion
    planned: Plan
    changed: Changes
    placeholders: Placeholders
    secrets: Secrets
    closure: Result
    late: list[bytes] = field(default_factory=list)
    """What turned out to have changed when it was read to be packed."""

    def compare(self, path: bytes, sha256: str) -> None:
        """Remember a file that isn't what the last run has read, though its size and time are."""
        if self.changed.differs(path, sha256):
            self.late.append(path)

    def insist(self, path: bytes, sha256: str) -> None:
        """Refuse such a file."""
        if self.changed.differs(path, sha256):
            refuse(path)

    def report(self, folder: Path) -> dict[str, Any]:
        """Return the parts of a report that don't depend on the archive."""
        packed, told = self.planned.members.paths, _told(self.planned)
        left_out = (*self.selection.left_out, *self.expansion.left_out)
        config = self.expansion.config
        return {
            "packages": sum(package.packfiles for package in config.packages),
            "left_out": self.planned.left_out
            + tuple(item for item in left_out if item.path not in told and item.path not in packed),
            "unlisted": tuple(
                item.path
                for item in self.selection.needed
                if item.path not in told and item.path not in packed
            ),
            "excluded": self.planned.excluded,
            "clashes": clashes(packed),
            "changed": tuple(path for path in self.selection.changed if path in packed),
            "changed_since": replace(self.changed, since=(*self.changed.since, *self.late)),
            "closure": self.closure,
            "expansion": self.expansion,
            "idle_patterns": self.planned.idle_patterns,
            "placeholders": self.placeholders,
            "secrets": report_of(self.secrets, config, self.planned),
            "warnings": _warnings(folder, self.secrets),
        }


def target_path(name: Path) -> Path:
    """Return the path of a pack: with ``.rpz`` if it has no suffix."""
    if not name.name:
        raise PackError(f"{name} is a folder", "Choose another name")
    return name if name.suffix else name.with_name(name.name + SUFFIX)


def pack(
    folder: Path,
    target: Path,
    *,
    overwrite: bool = False,
    leave_out_missing: bool = False,
    allow_changed: bool = False,
    placeholders: bool = True,
    whole_packages: bool | None = None,
    keep_secrets: Collection[str] = (),
    extras: Mapping[str, Path] | None = None,
    codec: Codec = GZIP,
    progress: Callable[[int], Progress] | None = None,
) -> Report:
    """Pack what ``folder/config.yml`` lists into ``target``.

    Args:
        folder: the trace folder.
        target: the pack; :func:`target_path` gives the usual name.
        overwrite: replace a pack that exists, once the new one is whole.
        leave_out_missing: pack without what is listed and can't be read.
        allow_changed: pack files that were changed since the trace as they are now.
        placeholders: pack the names of what the runs listed and didn't open.
        whole_packages: pack all packages whole, or none and no standard library either; None to
            go by what ``config.yml`` says of each.
        keep_secrets: names of what goes into the pack though it looks like a secret.
        extras: files to store in the pack as ``EXTENSIONS/<name>``.
        codec: how the data are compressed; ReproZip reads gzip only.
        progress: is called with the bytes to read; what it returns, with those of each step.

    Raises:
        PackError: the target exists, or something that is listed can't be read, or was changed.
        ConfigError: the ``config.yml`` is missing or wrong.

    """
    begin = time.monotonic()
    _check_target(target, overwrite=overwrite)
    listings = Listings()
    selection = read_selection(folder, listings if placeholders else None)
    expansion = _expansion(folder, selection, whole=whole_packages)
    planned = plan(expansion.config, selection, leave_out_missing=leave_out_missing)
    planned = without_own(planned, folder, target)
    planned, selection, closure = completed(planned, selection, expansion.config, folder / TRACE)
    changed = _changes(folder, selection, planned, allow_changed=allow_changed)
    stand_ins = stand_ins_for(listings, planned, selection)
    planned = stand_ins.added_to(planned)
    secrets = find_secrets(folder / TRACE, expansion.config, planned, keep_secrets)
    ready = _Ready(selection, expansion, planned, changed, stand_ins, secrets, closure)
    steps = progress(planned.size) if progress else _ignore
    with _scratch(target) as scratch:
        own = _own(ready, TraceFolder(folder).publication, scratch)
        content = Content(
            planned.members,
            without_secrets(folder / TRACE, secrets, scratch),
            _config_text(ready),
            {**(extras or {}), **own},
            codec,
            folder_times(folder, target),
            planned.size,
            ready.compare if allow_changed else ready.insist,
        )
        summary = write_archive(target, content, steps, overwrite=overwrite)
    seconds, size = time.monotonic() - begin, target.stat().st_size
    return Report(target, size, summary, seconds=seconds, **ready.report(folder))


def _own(ready: _Ready, publication: Path, scratch: Path) -> dict[str, Path]:
    own = {PACKAGES: saved_identities(ready.expansion.config, scratch)}
    if publication.exists():
        own[PUBLICATION] = publication
    ready.secrets.exposed.update(ready.secrets.names_in(own[PACKAGES].read_bytes()))
    return own | ready.placeholders.saved(scratch)


def _changes(folder: Path, selection: Selection, planned: Plan, *, allow_changed: bool) -> Changes:
    found = changes(folder / TRACE, selection, planned.members)
    if not allow_changed:
        found.refuse()
    return found


def _expansion(folder: Path, selection: Selection, *, whole: bool | None) -> Expansion:
    return expand(
        read_config(folder / CONFIG),
        _started(folder),
        whole=whole,
        without={item.path for item in selection.left_out},
    )


@contextlib.contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """Make a folder beside the target, for what is put together before it is written."""
    with tempfile.TemporaryDirectory(prefix=".rpz-", dir=target.parent) as folder:
        yield Path(folder)


def _check_target(target: Path, *, overwrite: bool) -> None:
    if target.is_dir():
        raise PackError(f"{target} is a folder", "Choose another name")
    if not overwrite and (target.exists() or target.is_symlink()):
        raise exists_already(target)
    if not target.parent.is_dir():
        raise PackError(f"There is no folder {target.parent}", "Make it first")


def _config_text(ready: _Ready) -> Callable[[str], Iterable[str]]:
    config, planned, selection = ready.expansion.config, ready.planned, ready.selection
    matched = set(planned.matched)
    if matched:
        matched.difference_update(listed(config))
    config = without(config, _told(planned))
    more = map(PosixPath, sorted(matched))
    packed = replace(
        redacted(config, ready.secrets),
        other_files=kept_paths(chain(config.other_files, more)) if matched else config.other_files,
        additional_patterns=(),
        excluded_patterns=(),
    )
    notes = withheld_notes(selection, planned.members)
    used = describer(selection)

    def describe(path: bytes) -> str:
        cause = ready.expansion.causes.get(path)
        return cause.value if cause else used(path)

    def text(pack_id: str) -> Iterable[str]:
        lines = config_lines(replace(packed, pack_id=pack_id), describe, notes)
        return _looked_through(lines, ready.secrets) if ready.secrets.is_seeking else lines

    return text


def _looked_through(lines: Iterable[str], secrets: Secrets) -> Iterator[str]:
    """Yield lines; note, at their end, which secrets are in them all the same."""
    haystack = Haystack()
    for line in lines:
        haystack.add(line.encode())
        yield line
    secrets.exposed.update(secrets.names_in(haystack))


def _told(planned: Plan) -> set[bytes]:
    """Return what is listed and not packed, for a reason that the report gives."""
    return {*planned.excluded, *(item.path for item in planned.left_out)}


def _started(folder: Path) -> float:
    """Return when the first run began, in seconds since 1970."""
    with TraceDatabase.open(folder / TRACE) as database:
        return min((row.started for row in database.rows(RunRow)), default=0) / NANOSECONDS


def _warnings(folder: Path, secrets: Secrets) -> tuple[str, ...]:
    with TraceDatabase.open(folder / TRACE) as database:
        texts = (secrets.text(row.text) for row in database.rows(WarningRow))
        return tuple(dict.fromkeys(text.decode(errors="replace") for text in texts))


def _ignore(_count: int) -> None:
    pass
