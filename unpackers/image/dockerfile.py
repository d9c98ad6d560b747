"""A Dockerfile that builds the image by hand, for those who want to change it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rpz.unpackers.image.assembly import INIT
from rpz.unpackers.image.configuration import folder_of, labels, user_of

if TYPE_CHECKING:
    from rpz.packer.config.model import Config

NAME = "Dockerfile"
ROOTFS = "rootfs.tar"
_PLAIN = re.compile(r"[\w./ +,@:-]+", re.ASCII)
"""Text that means itself in an instruction."""
_TEXT = """\
# The image of {pack}, to build by hand. The file system comes from the pack:
#
#     rpz unpack oci --format rootfs {pack} {rootfs}
#     docker build --tag NAME .
#     docker run NAME
#
# Instructions that change it go before ENTRYPOINT. RUN has only the programs that are in the pack.
"""


def dockerfile(config: Config, pack: str) -> str:
    """Return the text; ``pack`` is how a person would name the pack."""
    shown = pack if _PLAIN.fullmatch(pack) and " " not in pack else "PACK"
    lines = ["FROM scratch", f"ADD {ROOTFS} /", *instructions(config)]
    return _TEXT.format(pack=shown, rootfs=ROOTFS) + "\n".join(lines) + "\n"


def instructions(config: Config) -> list[str]:
    """Return the instructions that set how a container starts."""
    lines = [f"LABEL {key}={_quoted(text)}" for key, text in labels(config).items()]
    folder = folder_of(config)
    if folder and _PLAIN.fullmatch(folder):  # the runs change to theirs themselves
        lines.append(f"WORKDIR {folder}")
    if user := user_of(config):
        lines.append(f"USER {user}")
    return [*lines, f"ENTRYPOINT {json.dumps([INIT])}"]


def _quoted(text: str) -> str:
    """Return text as one word, in which nothing is replaced."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return '"' + re.sub(r'([\\"$])', r"\\\1", plain) + '"'
