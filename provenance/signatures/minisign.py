"""Signatures by minisign, which signify of OpenBSD reads, too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import CommandFailedError, MissingProgramError
from rpz.process import foreground, output_of
from rpz.provenance.signatures.errors import SignatureError

if TYPE_CHECKING:
    from rpz.provenance.signatures.trust import Trust

BEGINS = b"untrusted comment:"
"""Of signatures, and of keys."""
PACKAGE = "minisign"


def sign(message: Path, key: Path | None) -> bytes:
    """Return the signature of a file; minisign asks for the key's password on the terminal.

    Raises:
        SignatureError: there is no key, or minisign can't sign with it.
        MissingProgramError: there is no minisign.

    """
    signature = message.with_name(f"{message.name}.minisig")
    argv = ["minisign", "-S", "-m", os.fspath(message), "-x", os.fspath(signature)]
    try:
        status = foreground([*argv, *(["-s", os.fspath(key)] if key else [])])
    except FileNotFoundError:
        raise MissingProgramError("minisign", PACKAGE) from None
    if status or not signature.is_file():
        raise SignatureError(
            f"{key or 'The usual key of minisign'} can't be signed with",
            "Name the secret key: --key FILE; or make one: minisign -G",
        )
    return signature.read_bytes()


def verify(message: Path, signature: Path, trust: Trust) -> str:
    """Return who has signed a file: the public key.

    Raises:
        SignatureError: it is the signature of something else, or of somebody else.
        MissingProgramError: there is no minisign.

    """
    given = trust.signer or (os.fspath(trust.allowed) if trust.allowed else "")
    if not given:
        raise SignatureError(
            f"{signature} is of minisign, and nothing says whose it should be",
            "Give the signer's public key, or its file: --signer KEY",
        )
    option = "-p" if Path(given).is_file() else "-P"
    argv = ["minisign", "-V", "-m", os.fspath(message), "-x", os.fspath(signature)]
    try:
        output_of([*argv, option, given], package=PACKAGE)
    except CommandFailedError as error:
        raise SignatureError(
            f"{signature} is not a signature of this pack as it is by {given} ({error.message})",
            "The pack was changed since, or somebody else has signed it: don't trust it",
        ) from None
    return given
