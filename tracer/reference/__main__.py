"""``python -m rpz.tracer.reference OUTPUT -- COMMAND [ARG...]``: used as ``rpz-tracer`` is."""

from __future__ import annotations

import getopt
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import OWN_FAILURE, RpzError
from rpz.tracer.engines import DEFAULTS, EngineOptions
from rpz.tracer.reference.calls import allow_io_uring
from rpz.tracer.reference.command import OWN_ENVIRONMENT, read_environment
from rpz.tracer.reference.run import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

USAGE = """\
usage: python -m rpz.tracer.reference [OPTION...] OUTPUT -- COMMAND [ARGUMENT...]
  -e ENVIRONMENT  a file like /proc/PID/environ, for the command's environment
  -n              nothing: this engine takes no notifications
  -s SNAPSHOTS    an empty folder, for copies of the files that the command changes
  -l LIMIT        how many bytes a file may have to be copied
  -u              leave io_uring to the command: files that it opens so are missed
  -w              wait for all processes of the command, also when it has ended
"""


def main(arguments: Sequence[str]) -> int:
    """Trace the command and return its exit status, as a shell has it."""
    logging.basicConfig(format="rpz: %(message)s", level=logging.WARNING)
    try:
        listed, rest = getopt.getopt(list(arguments), "e:ns:l:uw")
        given = dict(listed)
        options = _options(given)
    except (getopt.GetoptError, ValueError):
        rest = []
    match rest:
        case [output, "--", *command] if command:
            environment = Path(given.get("-e", OWN_ENVIRONMENT))
            return _run(environment, Path(output), command, options)
    sys.stderr.write(USAGE)
    return OWN_FAILURE


def _options(given: Mapping[str, str]) -> EngineOptions:
    snapshots = Path(given["-s"]) if "-s" in given else None
    limit = int(given.get("-l", DEFAULTS.snapshot_limit))
    return EngineOptions(snapshots, limit, allow_io_uring="-u" in given, wait_daemons="-w" in given)


def _run(environment: Path, output: Path, command: Sequence[str], options: EngineOptions) -> int:
    try:
        if options.allow_io_uring:
            allow_io_uring()
        entries = read_environment(environment)
        return run(output, [os.fsencode(word) for word in command], entries, options)
    except RpzError as error:
        sys.stderr.write(f"rpz: {error}\n")
    except OSError as error:
        sys.stderr.write(f"rpz: {error.filename or 'The command'}: {error.strerror}.\n")
    except Exception:
        log.exception("The reference engine has failed; the command was killed.")
    return OWN_FAILURE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
