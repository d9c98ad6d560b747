"""A whole replay of a pack, compared with what its own trace has recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.packer.recorded import recorded
from rpz.unpackers.compare import Verdict
from rpz.unpackers.digest import Digest
from rpz.unpackers.errors import NoSuchFileInTargetError, NotAFileError
from rpz.unpackers.verify import Replayed, trial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rpz.packer.alike import Tolerance
    from rpz.packer.archive.reader import Pack
    from rpz.unpackers import Unpacker
    from rpz.unpackers.verify import Trial


@dataclass(frozen=True)
class Outcome:
    """How a replay went.

    ``extra`` are the paths that the runs have made or changed, and didn't when they were traced.
    ``is_recorded`` is whether the pack's trace has digests at all.
    """

    runs: tuple[Replayed, ...]
    extra: tuple[bytes, ...]
    is_recorded: bool

    @property
    def is_same(self) -> bool:
        """Whether nothing is known that differs."""
        return not self.extra and all(run.is_same for run in self.runs)

    @property
    def unknown(self) -> int:
        """How many outputs there is nothing to compare with."""
        return sum(item.verdict is Verdict.UNKNOWN for run in self.runs for item in run.outputs)


def replay_pack(
    pack: Pack,
    unpacker: Unpacker,
    tolerances: Sequence[Tolerance] = (),
    originals: Path | None = None,
) -> Outcome:
    """Run all runs of a pack again, and compare; nothing is left of it, except by SIGKILL.

    Raises:
        SandboxError: this user can't make a sandbox on this machine.
        KeyboardInterrupt: Ctrl-C has ended a run; Terminated, if it was another such signal.

    """
    config = pack.config
    with trial(pack, unpacker) as made, recorded(pack, made.scratch, originals) as trace:
        runs = tuple(made.replayed(lambda run: trace.outputs(config, run), tolerances))
        extra = trace.not_written(made.changes()) if trace.is_known else []
        return Outcome(runs, tuple(_really_changed(pack, made, extra)), trace.is_known)


def _really_changed(pack: Pack, made: Trial, paths: list[bytes]) -> list[bytes]:
    """Leave out what has its packed content still: another name of it may have been removed."""
    if not paths or pack.index is None:
        return paths
    wanted = set(paths)
    packed = {
        entry.path: entry for entry in pack.entries() if entry.path in wanted and entry.sha256
    }
    return [
        path for path in paths if path not in packed or _digest(made, path) != packed[path].sha256
    ]


def _digest(made: Trial, path: bytes) -> str | None:
    from rpaths import PosixPath

    digest = Digest()
    try:
        made.unpacker.download(made.target, PosixPath(path), digest)  # type: ignore[arg-type]
    except (NoSuchFileInTargetError, NotAFileError, PermissionError):
        return None
    return digest.sha256
