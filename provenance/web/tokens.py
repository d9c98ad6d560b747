"""Tokens: from the environment or the keyring, and never from anywhere that others see."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from rpz.provenance.web.errors import WebError


def token(variable: str, url: str, where: str) -> str:
    """Return the token of a variable, else what the keyring has for the host of a URL.

    ``where`` says where one is made.

    Raises:
        WebError: there is none.

    """
    host = urlsplit(url).netloc
    found = os.environ.get(variable, "").strip() or _in_keyring(host, variable)
    if not found:
        raise WebError(
            f"There is no token for {host}",
            f"Make one at {where}, and set {variable}, or: keyring set {host} {variable}",
        )
    if not (found.isascii() and found.isprintable()) or " " in found:
        raise WebError(
            f"{variable} is no token: it has spaces or letters that no token has",
            "Set it to what the server showed, and to nothing else",
        )
    return found


def _in_keyring(host: str, name: str) -> str:
    """Return what the desktop's keyring has, where the library ``keyring`` is installed."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return (keyring.get_password(host, name) or "").strip()
    except KeyringError:  # locked, or there is none on this machine
        return ""
