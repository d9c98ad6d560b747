"""``python -m rpz.tracer.reference OUTPUT -- COMMAND [ARG...]``: used as ``rpz-tracer`` is."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import OWN_FAILURE, RpzError
from rpz.tracer.reference.run import run

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

USAGE = "Usage: python -m rpz.tracer.reference OUTPUT -- COMMAND [ARG...]"


def main(arguments: Sequence[str]) -> int:
    """Trace the command and return its exit status, as a shell has it."""
    logging.basicConfig(format="rpz: %(message)s", level=logging.WARNING)
    match list(arguments):
        case [output, "--", *command] if command:
            try:
                return run(Path(output), [os.fsencode(word) for word in command])
            except RpzError as error:
                message = str(error)
            except Exception:
                log.exception("The reference engine has failed; the command was killed.")
                return OWN_FAILURE
        case _:
            message = USAGE
    sys.stderr.write(f"rpz: {message}\n")
    return OWN_FAILURE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
