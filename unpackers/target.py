"""The state of a target: ``target.json`` in its folder (``docs/target.md``)."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rpaths import PosixPath

from rpz.packer.atomic import replaced_file
from rpz.packer.config.model import InputOutput, Run
from rpz.unpackers.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rpz.packer.archive.reader import Pack

VERSION = 1
FILE = "target.json"


@dataclass(frozen=True)
class Target:
    """An unpacked experiment.

    ``folder`` is where it was found, ``pack`` where the pack was when it was unpacked, ``data``
    what its unpacker wants to know again, ``created`` a time in ISO 8601, UTC.
    """

    folder: Path
    unpacker: str
    pack_id: str | None
    created: str
    runs: tuple[Run, ...]
    inputs_outputs: Sequence[InputOutput]
    data: Mapping[str, str]
    pack: Path | None = None


def new_target(
    folder: Path, unpacker: str, pack: Pack, data: Mapping[str, str] | None = None
) -> Target:
    """Return the state of a target that was just made from a pack."""
    config = pack.config
    return Target(
        folder=folder,
        unpacker=unpacker,
        pack_id=config.pack_id,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        runs=config.runs,
        inputs_outputs=config.inputs_outputs,
        data=data or {},
        pack=pack.path.absolute(),
    )


def write(target: Target, folder: Path) -> None:
    """Write ``target.json`` into a folder."""
    content = {
        "version": VERSION,
        "unpacker": target.unpacker,
        "pack_id": target.pack_id,
        "created": target.created,
        "runs": [asdict(run) for run in target.runs],
        "inputs_outputs": [asdict(file) for file in target.inputs_outputs],
        "data": dict(target.data),
        "pack": None if target.pack is None else str(target.pack),
    }
    with replaced_file(folder / FILE) as file:
        file.write(json.dumps(content, indent=1, default=_path_as_text).encode("ascii"))


def read(folder: Path) -> Target:
    """Read a target's state.

    Raises:
        TargetError: the folder isn't a target, or one of a newer rpz.

    """
    try:
        content = json.loads((folder / FILE).read_bytes())
        version = content["version"]
    except (FileNotFoundError, NotADirectoryError):
        what = "is not an unpacked experiment" if os.path.lexists(folder) else "doesn't exist"
        raise TargetError(f"{folder} {what}", "Name what rpz unpack has made") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _damaged(folder) from None
    if version != VERSION:
        raise TargetError(
            f"{folder} was unpacked by another version of rpz (its format is {version!s:.20})",
            "Use that version, or unpack the pack again",
        )
    try:
        return _target(folder, content)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _damaged(folder) from None


def _damaged(folder: Path) -> TargetError:
    return TargetError(f"{folder / FILE} is damaged", "Unpack the pack again")


def _target(folder: Path, content: dict[str, Any]) -> Target:
    return Target(
        folder=folder,
        unpacker=str(content["unpacker"]),
        pack_id=content["pack_id"],
        created=str(content["created"]),
        runs=tuple(_run(**run) for run in content["runs"]),
        inputs_outputs=tuple(_file(**file) for file in content["inputs_outputs"]),
        data={str(key): str(value) for key, value in content["data"].items()},
        pack=None if (pack := content.get("pack")) is None else Path(str(pack)),
    )


def _run(
    *,
    binary: str,
    argv: list[str],
    workingdir: str,
    distribution: list[str],
    system: list[str],
    **others: Any,
) -> Run:
    return Run(
        binary=_text_as_path(binary),
        argv=tuple(argv),
        workingdir=_text_as_path(workingdir),
        distribution=(distribution[0], distribution[1]),
        system=(system[0], system[1]),
        **others,
    )


def _file(
    *, name: str, path: str, read_by_runs: list[int], written_by_runs: list[int]
) -> InputOutput:
    return InputOutput(name, _text_as_path(path), tuple(read_by_runs), tuple(written_by_runs))


def _path_as_text(value: object) -> str:
    """Return a path as text, for JSON; it keeps the surrogates of bytes that aren't UTF-8."""
    if isinstance(value, PosixPath):
        return value.path.decode("utf-8", "surrogateescape")
    raise TypeError(type(value).__name__)


def _text_as_path(text: str) -> PosixPath:
    return PosixPath(text.encode("utf-8", "surrogateescape"))
