"""A folder that an engine builds the image of a pack from, with nothing of rpz's installed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rpz.unpackers.docker.installers import base_image
from rpz.unpackers.errors import TargetError
from rpz.unpackers.image import dockerfile, flat
from rpz.unpackers.image.configuration import folder_of

if TYPE_CHECKING:
    from pathlib import Path

    from rpz.packer.archive.reader import Pack

EDITORS = ".devcontainer"
SETTINGS = "devcontainer.json"
_TEXT = """\
# The files of {pack} upon its distribution, so that an editor finds a shell there.
ARG BASE={base}
FROM ${{BASE}}
ADD {rootfs} /
"""


def fill(pack: Pack, folder: Path) -> None:
    """Put a Dockerfile and the file system that it adds into a folder."""
    _write_root(pack, folder)
    lines = ["FROM scratch", f"ADD {dockerfile.ROOTFS} /", *dockerfile.instructions(pack.config)]
    (folder / dockerfile.NAME).write_text("\n".join(lines) + "\n", "utf-8")


def fill_for_editors(pack: Pack, folder: Path) -> None:
    """Put a development container (https://containers.dev) into a folder.

    Raises:
        TargetError: no image of the pack's distribution is known.

    """
    distribution = pack.config.runs[0].distribution
    base = base_image(*distribution)
    if base is None:
        raise TargetError(
            f"No image of {' '.join(distribution)!a} is known", "Take the image alone: --dockerfile"
        )
    below = folder / EDITORS
    below.mkdir()
    _write_root(pack, below)
    text = _TEXT.format(pack=repr(pack.path.name), base=base, rootfs=dockerfile.ROOTFS)
    (below / dockerfile.NAME).write_text(text, "utf-8")
    settings = {
        "name": pack.path.name,
        "build": {"dockerfile": dockerfile.NAME},
        "workspaceFolder": folder_of(pack.config) or "/",
        "workspaceMount": "",
        "overrideCommand": True,
    }
    (below / SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", "utf-8")


def _write_root(pack: Pack, folder: Path) -> None:
    with flat(pack) as image, (folder / dockerfile.ROOTFS).open("xb") as file:
        for layer in image.layers:
            for block in layer.blocks(image.source):
                file.write(block)
