"""``rpz trace``: run a command and remember everything that it needs."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import shlex
import sys
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from rpz.commands.options import StatusCommand, size, trace_dir, verbosity
from rpz.commands.progress import progress_bar
from rpz.commands.text import shown_pack, shown_path
from rpz.errors import RpzError
from rpz.tracer.acceleration import Acceleration, sites_folder
from rpz.tracer.early import EarlyDigests
from rpz.tracer.engines import ENGINES, EngineOptions
from rpz.tracer.folder import Existing, TraceExistsError, TraceFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from rpz.packer.identify import Identified
    from rpz.packer.looks import Looks
    from rpz.tracer.conclusion import Addition
    from rpz.tracer.database import TraceDatabase
    from rpz.tracer.meanwhile import Meanwhile
    from rpz.tracer.session import Traced

log = logging.getLogger(__name__)

COMPILED_ONLY = (Acceleration.ON, Acceleration.CHECK)
"""What only the compiled tracer can do, with notifications."""
IMPORTED_AHEAD = ("rpz.tracer.conclusion", "packageurl", "email.parser", "csv")
"""What the end of a run mostly needs, when there is nothing else to do while it goes on."""
WORTH_A_BAR = 1 << 28
"""Bytes that take so long to hash that a person wonders."""


@click.command(
    cls=StatusCommand,
    short_help="Run a command and remember what it uses.",
    context_settings={"allow_interspersed_args": False},
)
@trace_dir
@click.option("-c", "--continue", "append", is_flag=True, help="Add this run to the trace.")
@click.option("-w", "--overwrite", is_flag=True, help="Replace the trace that is there.")
@click.option("--name", help="What to call the run; without it, run0, run1 and so on.")
@click.option("--reason", default="", metavar="TEXT", help="Why the run is made.")
@click.option("--project", default="", metavar="TEXT", help="The project that it is part of.")
@click.option("--tag", "tags", multiple=True, metavar="TEXT", help="A word to find it by.")
@click.option(
    "--engine",
    type=click.Choice(list(ENGINES)),
    default="native",
    show_default=True,
    help="python: slow and simple, for systems without the compiled tracer.",
)
@click.option(
    "--snapshot-limit",
    type=size,
    metavar="SIZE",
    default="4G",
    show_default=True,
    help="Keep no copy of larger files that the run changes.",
)
@click.option(
    "--allow-io-uring", is_flag=True, help="Let COMMAND use io_uring; what it opens so is missed."
)
@click.option(
    "--stops-only", is_flag=True, help="Slower, for programs that supervise others by seccomp."
)
@click.option(
    "--accelerate",
    type=click.Choice([choice.value for choice in Acceleration]),
    default=Acceleration.AUTO.value,
    show_default=True,
    envvar="RPZ_ACCELERATE",
    show_envvar=True,
    help="See looks at files inside of the processes; check: and compare.",
)
@click.option("--wait-daemons", is_flag=True, help="Wait for processes that COMMAND leaves behind.")
@click.option("--save-output", is_flag=True, help="Keep standard output and error of the run.")
@click.option("--no-hash", is_flag=True, help="Don't record the SHA-256 of inputs and outputs.")
@verbosity
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
def command(
    folder: Path,
    append: bool,
    overwrite: bool,
    name: str | None,
    reason: str,
    project: str,
    tags: tuple[str, ...],
    engine: str,
    snapshot_limit: int,
    allow_io_uring: bool,
    stops_only: bool,
    accelerate: str,
    wait_daemons: bool,
    save_output: bool,
    no_hash: bool,
    argv: tuple[str, ...],
) -> int:
    """Run COMMAND and remember every file, program and variable that it uses.

    Exits as the command did. What was seen is in the trace folder afterwards; config.yml there says
    what `rpz pack` will pack, and may be edited first.
    """
    from rpz import ahead
    from rpz.packer.looks import Looks
    from rpz.provenance import record
    from rpz.tracer.session import trace

    place = TraceFolder(folder)
    acceleration = _acceleration(Acceleration(accelerate), engine, stops_only)
    options = EngineOptions(
        snapshot_limit=snapshot_limit,
        allow_io_uring=allow_io_uring,
        stops_only=stops_only,
        wait_daemons=wait_daemons,
        acceleration=acceleration,
        sites=sites_folder() if acceleration is not Acceleration.OFF else None,
    )
    existing = _existing(place, append, overwrite)
    early = None if no_hash else EarlyDigests()
    digests = _hash(place, early) if early is not None else None
    kept = place.next_kept()
    learnt = _Learnt(place, digests)
    looks = Looks()
    gc.disable()  # hundreds of thousands of names, and nothing that only it would free
    try:
        traced = trace(
            place,
            argv,
            engine,
            existing,
            options,
            record.before(reason, project, tags),
            learnt.add,
            save_output=save_output,
            name=name,
            meanwhile=_meanwhile(early, looks),
            then=lambda database, run: _conclude(place, database, run, looks, learnt.packages),
        )
    finally:
        gc.freeze()  # all of it goes with the process, which ends
        gc.enable()
        if early is not None:
            early.stop()
        ahead.forget()
    _tell_end(traced, place, kept)
    return traced.status


def _tell_end(traced: Traced, place: TraceFolder, kept: Path) -> None:
    if traced.trouble is not None:
        log.error("%s", traced.trouble)
    elif kept.exists():
        log.info("The %s from before is kept as %s", place.config.name, shown_path(kept))


def _meanwhile(early: EarlyDigests | None, looks: Looks) -> Meanwhile:
    """Return what to do while the command runs."""
    from rpz.tracer.meanwhile import Meanwhile

    return Meanwhile(
        prepare=_prepare,
        on_read=early.offer if early is not None else None,
        on_path=looks.offer,
        step=_steps(looks),
    )


def _steps(looks: Looks) -> Callable[[], bool]:
    """Return what does a part of what can wait, and says whether there is more."""
    from rpz import ahead

    modules = iter(IMPORTED_AHEAD)
    packages = _packages(looks.offered)
    return lambda: looks.step() or ahead.look() or _imported(next(modules, None)) or next(packages)


def _packages(paths: Sequence[bytes]) -> Iterator[bool]:
    """Read about packages, a bit at a time; say whether there was something to do."""
    from rpz.packer.packages import ahead  # it takes a while to import: the command runs now

    step = ahead(paths)
    while True:
        yield step()


def _imported(module: str | None) -> bool:
    """Import a module, if there is one; one that can't be is found missing when it is needed."""
    with contextlib.suppress(ImportError):
        return module is not None and importlib.import_module(module) is not None
    return True


def _prepare() -> None:
    """Do what the end of every run needs while the command is running."""
    with contextlib.suppress(Exception):  # then it fails again, and is told
        from rpz.packer import installed

        installed.prepare()  # first: it takes longest, and not of our time
        from rpz.packer.configure import prepare
        from rpz.provenance import learnt  # noqa: F401 (imported for later)
        from rpz.tracer.digests import add_digests  # noqa: F401
        from rpz.tracer.host import this_host

        prepare()
        this_host()


class _Learnt:
    """Adds to a trace what is learnt of a run when it has ended; its packages are remembered."""

    def __init__(self, place: TraceFolder, digests: Addition | None) -> None:
        self._place = place
        self._digests = digests
        self.packages: Identified | None = None

    def add(self, database: TraceDatabase, number: int, run: int) -> None:
        from rpz.provenance.learnt import add_learnt

        if self._digests is not None:
            self._digests(database, number, run)
        try:
            self.packages = add_learnt(database, run, self._place.snapshots(number))
        except KeyboardInterrupt:
            log.warning("Interrupted: not all of the run's record is in the trace.")


def _hash(place: TraceFolder, early: EarlyDigests) -> Addition:
    """Return what adds the digests to a trace; without them it is a trace, too."""

    def add(database: TraceDatabase, number: int, run: int) -> None:
        from rpz.tracer.digests import add_digests

        try:
            with progress_bar("Hashing", WORTH_A_BAR) as progress:
                add_digests(database, run, place.snapshots(number), progress, early)
            if run > 0:
                _compare(database, run)
        except KeyboardInterrupt:
            log.warning("Interrupted: the trace has no SHA-256 of inputs and outputs.")

    return add


def _compare(database: TraceDatabase, run: int) -> None:
    """Note in the trace which files aren't as the runs before have left or seen them."""
    from rpz.tracer.conflicts import add_warnings

    add_warnings(database, run)


def _acceleration(wanted: Acceleration, engine: str, stops_only: bool) -> Acceleration:
    """Return what is to be done: a default gives way to other options, what was asked for can't."""
    origin = click.get_current_context().get_parameter_source("accelerate")
    asked = origin is ParameterSource.COMMANDLINE and wanted in COMPILED_ONLY
    if asked and engine == "python":
        raise click.UsageError(
            f"--engine python accelerates nothing. Leave out --accelerate {wanted.value},"
            " or use the compiled tracer."
        )
    if asked and stops_only:
        raise click.UsageError(f"--stops-only and --accelerate {wanted.value} exclude each other.")
    return Acceleration.OFF if stops_only or engine == "python" else wanted


def _existing(place: TraceFolder, append: bool, overwrite: bool) -> Existing:
    if append and overwrite:
        raise click.UsageError("--continue and --overwrite exclude each other.")
    if append:
        return Existing.CONTINUE
    if overwrite:
        return Existing.OVERWRITE
    if place.exists and _is_terminal(sys.stdin) and _is_terminal(sys.stderr):
        return _ask(place)
    return Existing.REFUSE


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()  # None: it was closed


def _ask(place: TraceFolder) -> Existing:
    answer = click.prompt(
        f"{place.path} holds a trace already. Add this run to it (a), overwrite it (o), stop (s)?",
        type=click.Choice(["a", "o", "s"]),
        default="s",
        show_choices=False,
        err=True,
    )
    if answer == "s":
        raise TraceExistsError(place)
    return Existing.CONTINUE if answer == "a" else Existing.OVERWRITE


def _tell_comparison(database: TraceDatabase, run: int) -> None:
    """Say that nothing was found by comparing (--accelerate check); a difference is a warning."""
    from rpz.tracer.rows import RunRow

    for row in database.rows(RunRow, "id = ? AND looks_compared > 0", run):
        if row.looks_different == 0:
            number = f"{row.looks_compared:,}"
            log.info("Compared %s looks at files, seen both ways: no difference", number)


def _conclude(
    place: TraceFolder,
    database: TraceDatabase,
    run: int,
    looks: Looks,
    packages: Identified | None,
) -> None:
    """Write the configuration; a failure here is said, and never hides the command's own status."""
    from rpz.packer.configure import write_config
    from rpz.tracer.conclusion import reason
    from rpz.tracer.session import is_whole, summary

    try:
        write_config(place.path, database, looks, packages)
        if not is_whole(database, run):
            log.warning("The tracer was stopped before the command: the trace ends there.")
        said = summary(database, run)
        config, pack = shown_path(place.config), shown_pack(place.path)
        log.info("Traced %s. Edit %s if need be, then: %s", said, config, pack)
        _tell_comparison(database, run)
    except (Exception, KeyboardInterrupt) as error:
        log.debug("What went wrong:", exc_info=True)
        again = f"Write it again: rpz reset -d {shlex.quote(str(place.path))}"
        why = reason(error).removeprefix(f"{place.config}: ")
        failure = RpzError(f"The run is traced, but not {place.config}: {why}", again)
        log.error("%s", failure)  # noqa: TRY400
