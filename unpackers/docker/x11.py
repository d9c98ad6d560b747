"""The X display of who runs the experiment, passed on into a container."""

from __future__ import annotations

import logging
import os
import re
import struct
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.unpackers.image import tarstream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rpz.packer.config.model import Run

log = logging.getLogger(__name__)

SOCKETS = "/tmp/.X11-unix"  # noqa: S108 (that is where they are)
BIND = f"{SOCKETS}:{SOCKETS}"
COOKIES = "Xauthority"
"""The file, in the container's ``/.rpz``, that has what the display asks for."""
_LOCAL = re.compile(r"(?:unix|localhost)?:(\d+)(?:\.\d+)?")
_SHORT = struct.Struct(">H")
_ANY_HOST = 0xFFFF


def with_display(run: Run, environ: Mapping[str, str] = os.environ) -> Run:
    """Return a run that opens its windows on the caller's display; say if it can't."""
    display = environ.get("DISPLAY", "")
    match = _LOCAL.fullmatch(display)
    if not match or not Path(SOCKETS, f"X{match[1]}").exists():
        log.warning("There is no local display (DISPLAY is %r): no window can be opened", display)
    ours = {"DISPLAY": display, "XAUTHORITY": f"/.rpz/{COOKIES}"}
    return replace(run, environ={**run.environ, **ours})


def cookies_member(run: Run, environ: Mapping[str, str] = os.environ) -> Iterator[bytes]:
    """Yield the file of the display's cookies, as a member for the container's ``/.rpz``."""
    place = Path(environ.get("XAUTHORITY") or Path.home() / ".Xauthority")
    info = tarfile.TarInfo(COOKIES)
    info.mode, info.uid, info.gid = 0o600, run.uid, run.gid
    try:
        data = place.read_bytes()
    except OSError:  # the display asks for none
        data = b""
    return tarstream.file(info, for_any_host(data))


def for_any_host(data: bytes) -> bytes:
    """Return cookies that are good whatever the machine is called: the container has its own name.

    An entry is a family, and four texts with their lengths (libXau): address, display, the
    protocol's name, the cookie.
    """
    out, place = b"", 0
    while place + 2 <= len(data):
        fields = []
        place += _SHORT.size
        for _ in range(4):
            if place + 2 > len(data):
                return out
            (length,) = _SHORT.unpack_from(data, place)
            fields.append(data[place : place + 2 + length])
            place += 2 + length
        out += _SHORT.pack(_ANY_HOST) + b"".join([_SHORT.pack(0), *fields[1:]])
    return out
