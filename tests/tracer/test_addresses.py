from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rpz.tracer.addresses import describe


def family(number: int) -> bytes:
    return struct.pack("=H", number)


INET = family(socket.AF_INET) + struct.pack("!H", 8080) + bytes([192, 0, 2, 1]) + bytes(8)
INET6 = (
    family(socket.AF_INET6)
    + struct.pack("!HI", 443, 0)
    + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    + bytes(4)
)
UNIX = family(socket.AF_UNIX)


@pytest.mark.parametrize(
    ("address", "described"),
    [
        (INET, ("INET", "192.0.2.1:8080")),
        (INET6, ("INET6", "[2001:db8::1]:443")),
        (UNIX + b"/run/a socket\0", ("UNIX", "/run/a socket")),
        (UNIX + b"/run/no-nul", ("UNIX", "/run/no-nul")),
        (UNIX + b"/run/x\0left over", ("UNIX", "/run/x")),
        (UNIX + b"\0name", ("UNIX", "@name")),
        (UNIX + b"\0a\0b", ("UNIX", "@a\0b")),
        (UNIX + b"\xff", ("UNIX", "\udcff")),
        (UNIX, ("UNIX", "")),
        (UNIX + bytes(108), ("UNIX", "")),
        (family(socket.AF_NETLINK) + b"\1\2", (str(int(socket.AF_NETLINK)), "0102")),
        (b"", ("unknown", "")),
        (b"\2", ("unknown", "")),
    ],
)
def test_described(address: bytes, described: tuple[str, str]) -> None:
    assert describe(address) == described


@pytest.mark.parametrize("address", [INET[:5], INET6[:20], family(socket.AF_INET)])
def test_an_address_cut_short_is_hexadecimal(address: bytes) -> None:
    assert describe(address)[1] == address.hex()


@given(st.binary(max_size=128))
@example(b"\x02\x00\x50")
def test_any_bytes_are_described(address: bytes) -> None:
    kind, text = describe(address)
    assert kind
    text.encode("utf-8", "surrogateescape")
