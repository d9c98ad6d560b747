"""What ``rpz pack --verify`` says of a replay."""

from __future__ import annotations

import logging
import shlex
from typing import TYPE_CHECKING

from rpz.commands.text import counted, shown
from rpz.errors import OWN_FAILURE, RpzError

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.unpackers.compare import Comparison
    from rpz.unpackers.verify import Replayed

log = logging.getLogger(__name__)

SHOWN = 20
"""Outputs that are told of one by one, those that differ first."""
LINES = 10
"""Of what a run that went wrong has printed."""


class DiffersError(RpzError):
    """A replay went otherwise than the run that was traced."""


class NotVerifiedError(RpzError):
    """A pack can't be replayed here."""

    exit_code = OWN_FAILURE


def verify_pack(path: Path, folder: Path) -> None:
    """Replay a pack that was made of the trace in ``folder``, and tell how each run went.

    Raises:
        DiffersError: a run ended otherwise, or an output isn't the same; the pack stays.
        NotVerifiedError: this user can't make a sandbox here; the pack stays.

    """
    from rpz.cli import describe
    from rpz.packer.archive.reader import Pack
    from rpz.packer.outputs import outputs_of
    from rpz.unpackers.errors import NoRoomError, SandboxError
    from rpz.unpackers.verify import verify

    replays = []
    try:
        with Pack.open(path) as pack:
            config = pack.config
            for replayed in verify(pack, lambda run: outputs_of(folder, config, run)):
                _tell(replayed)
                replays.append(replayed)
    except SandboxError as error:
        raise NotVerifiedError(
            f"{path} is made, but can't be verified here. {error.message}", error.remedy
        ) from None
    except NoRoomError as error:
        raise NotVerifiedError(
            f"{path} is made, but can't be verified here. {error.message}",
            "Set TMPDIR to a folder with more room",
        ) from None
    except OSError as error:
        raise NotVerifiedError(
            f"{path} is made, but can't be verified here. {describe(error).rstrip('.')}",
            "If there is no room, set TMPDIR to a folder with more",
        ) from error
    different = [replayed.run.id for replayed in replays if not replayed.is_same]
    if different:
        raise _differs(path, different)


def _differs(path: Path, runs: list[str]) -> DiffersError:
    pack = shlex.quote(str(path))
    return DiffersError(
        f"{path} is kept, but does not replay as traced: {shown(', '.join(runs))}",
        f"Look at what it makes: rpz unpack chroot {pack} DIR; rpz run DIR; rpz download DIR"
        " (--verify gives the runs an empty standard input, and the time is another one)",
    )


def _tell(replayed: Replayed) -> None:
    from rpz.unpackers.compare import Verdict

    name = shown(replayed.run.id)
    level = logging.INFO if replayed.is_same else logging.WARNING
    log.log(level, "%s: %s, %s", name, ending(replayed), _outputs(replayed))
    outputs = sorted(replayed.outputs, key=lambda item: item.verdict is Verdict.SAME)
    for item in outputs[:SHOWN]:
        log.log(level, "  %s: %s", shown(item.output.name), comparison(item))
    if len(outputs) > SHOWN:
        log.log(level, "  and %s", counted(len(outputs) - SHOWN, "more output"))
    if not replayed.ended_as_traced:
        lines = replayed.said.decode(errors="backslashreplace").splitlines()[-LINES:]
        for line in lines:
            log.warning("  > %s", shown(line))


def ending(replayed: Replayed) -> str:
    """Say how a run ended, and how it did when it was traced."""
    if replayed.status is None:
        return f"not started ({shown(replayed.failure.rstrip('.'))})"
    if replayed.traced is None:
        return f"exit status {replayed.status} (when traced, its end was not seen)"
    if replayed.ended_as_traced:
        return f"exit status {replayed.status}, as traced"
    return f"exit status {replayed.status}; when traced, {replayed.traced}"


def _outputs(replayed: Replayed) -> str:
    from rpz.unpackers.compare import Verdict

    if not replayed.outputs:
        return "no outputs to compare"
    same = sum(item.verdict is Verdict.SAME for item in replayed.outputs)
    return f"{same} of {counted(len(replayed.outputs), 'output')} the same"


def comparison(item: Comparison) -> str:
    """Say what became of an output."""
    from rpz.unpackers.compare import Verdict

    if item.verdict is not Verdict.DIFFERS:
        return str(item.verdict.value)
    sizes = f"differs: {item.size} bytes; when traced, {item.output.size}"
    if item.offset is None:
        return sizes
    return f"{sizes}; the first difference is at byte {item.offset}, in line {item.line}"
