"""Addresses of servers: what may be sent where."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from rpz.provenance.web.errors import AddressError


def base_address(url: str) -> str:
    """Return the address of a server, without the slash at its end.

    Raises:
        AddressError: it is none, has a password in it, or is not encrypted and not this machine.

    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise AddressError(f"{url!r} is not the address of a server", "https://zenodo.org is one")
    if "@" in parts.netloc:
        raise AddressError(
            f"The address of {host} has a name or password in it",
            "Leave it out: the token comes from the environment or the keyring",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise AddressError(
            f"{host} is asked for without encryption, and would be told the token so",
            f"Use https://{host}",
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nothing goes over a network."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port: what a secret belongs to."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return parts.scheme, (parts.hostname or "").lower(), port
