"""Socket addresses as the kernel has them (``struct sockaddr``), in words."""

from __future__ import annotations

import os
import socket
import struct

_FAMILIES = {
    socket.AF_INET: "INET",
    socket.AF_INET6: "INET6",
    getattr(socket, "AF_UNIX", 1): "UNIX",
}


def describe(address: bytes) -> tuple[str, str]:
    """Return a socket address's family and text: ``127.0.0.1:80``, ``[::1]:80``, a path, ``@name``.

    An address that was not given (an unnamed socket) is the empty text; a family without a form of
    its own is its number, and its bytes in hexadecimal.
    """
    if len(address) < 2:  # noqa: PLR2004 (sizeof(sa_family_t))
        return "unknown", ""
    (number,) = struct.unpack_from("=H", address)
    family = _FAMILIES.get(number, str(number))
    try:
        return family, _TEXT.get(family, _in_hexadecimal)(address)
    except (struct.error, ValueError):  # cut short by the program
        return family, address.hex()


def _in_hexadecimal(address: bytes) -> str:
    return address[2:].hex()


def _inet(address: bytes) -> str:
    port, host = struct.unpack_from("!H4s", address, 2)
    return f"{socket.inet_ntop(socket.AF_INET, host)}:{port}"


def _inet6(address: bytes) -> str:
    port, _flow, host = struct.unpack_from("!HI16s", address, 2)
    return f"[{socket.inet_ntop(socket.AF_INET6, host)}]:{port}"


def _unix(address: bytes) -> str:
    path = address[2:]
    if path.startswith(b"\0") and path.strip(b"\0"):  # unix(7): an abstract name
        return "@" + os.fsdecode(path[1:].rstrip(b"\0"))
    return os.fsdecode(path.split(b"\0")[0])


_TEXT = {"INET": _inet, "INET6": _inet6, "UNIX": _unix}
