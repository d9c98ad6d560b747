"""The definition file, from which ``apptainer build`` makes an image.

Its format is that of Apptainer's documentation, "Definition Files".
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from rpz import __version__

if TYPE_CHECKING:
    from rpz.packer.config.model import Config

FILE = "experiment.def"
IMAGE = "experiment.sif"
TEXT = """\
Bootstrap: localimage
From: {root}

%labels
    rpz.version {version}
{pack_id}
%runscript
    exec /.rpz/init "$@"

%help
    An experiment with {runs} of its runs, packed and unpacked by rpz.
    Build the image, in the folder that this file is in:
        apptainer build {image} {file}
    Perform all runs in order, or run 0, and let them write (nothing is kept):
        apptainer run --contain --no-home --writable-tmpfs {image}
        apptainer run --contain --no-home --writable-tmpfs {image} 0
    The same without a shell in the image:
        apptainer exec --contain --no-home --writable-tmpfs {image} /.rpz/init 0
"""


def definition(config: Config, root: str) -> str:
    """Return the file for a sandbox ``root`` beside it. Nothing of the pack's own words is in it.

    What a pack says of itself could have lines that begin a section, which is executed.
    """
    return TEXT.format(
        root=root,
        version=__version__,
        pack_id=_pack_id(config.pack_id),
        runs=len(config.runs),
        image=IMAGE,
        file=FILE,
    )


def _pack_id(text: str | None) -> str:
    try:
        return f"    rpz.pack_id {uuid.UUID(text or '')}\n"
    except ValueError:
        return ""
