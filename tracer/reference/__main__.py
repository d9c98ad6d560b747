"""``python -m rpz.tracer.reference OUTPUT -- COMMAND [ARG...]``: used as ``rpz-tracer`` is."""

from __future__ import annotations

import getopt
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import OWN_FAILURE, RpzError
from rpz.tracer.reference.command import OWN_ENVIRONMENT, read_environment
from rpz.tracer.reference.run import run

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

USAGE = """\
usage: python -m rpz.tracer.reference [OPTION...] OUTPUT -- COMMAND [ARGUMENT...]
  -e ENVIRONMENT  a file like /proc/PID/environ, for the command's environment
  -w              wait for all processes of the command; this engine always does
"""


def main(arguments: Sequence[str]) -> int:
    """Trace the command and return its exit status, as a shell has it."""
    logging.basicConfig(format="rpz: %(message)s", level=logging.WARNING)
    try:
        listed, rest = getopt.getopt(list(arguments), "e:w")
    except getopt.GetoptError:
        listed, rest = [], []
    given = dict(listed)
    match rest:
        case [output, "--", *command] if command:
            environment = Path(given.get("-e", OWN_ENVIRONMENT))
            return _run(environment, Path(output), command)
    sys.stderr.write(USAGE)
    return OWN_FAILURE


def _run(environment: Path, output: Path, command: Sequence[str]) -> int:
    try:
        entries = read_environment(environment)
        return run(output, [os.fsencode(word) for word in command], entries)
    except RpzError as error:
        sys.stderr.write(f"rpz: {error}\n")
    except OSError as error:
        sys.stderr.write(f"rpz: {error.filename or 'The command'}: {error.strerror}.\n")
    except Exception:
        log.exception("The reference engine has failed; the command was killed.")
    return OWN_FAILURE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
