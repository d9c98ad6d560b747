"""Signatures by SSH keys: ``ssh-keygen -Y``, of OpenSSH 8.1 and later."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import CommandFailedError
from rpz.process import output_of
from rpz.provenance.signatures.errors import SignatureError
from rpz.provenance.signatures.usual import usual_key, usual_list

if TYPE_CHECKING:
    from rpz.provenance.signatures.trust import Trust

BEGINS = b"-----BEGIN SSH SIGNATURE-----"
NAMESPACE = "pack@rpz"
"""What the signature is for: one of something else, a commit say, can't be taken for one."""
PACKAGE = "openssh-client"
FINGERPRINT = "SHA256:"
_GOOD = re.compile(r'^Good "[^"]*" signature .*with (\S+ key SHA256:\S+)$', re.MULTILINE)


def sign(message: Path, key: Path | None) -> bytes:
    """Return the signature of a file; ``key`` is private, or public and its agent has the other.

    Raises:
        SignatureError: there is no key, or ssh-keygen can't sign with it.
        MissingProgramError: there is no ssh-keygen.

    """
    key = key or usual_key()
    try:
        output_of(
            ["ssh-keygen", "-Y", "sign", "-f", os.fspath(key), "-n", NAMESPACE, os.fspath(message)],
            package=PACKAGE,
        )
    except CommandFailedError as error:
        raise SignatureError(
            f"{key} can't be signed with: {error.message}",
            "Name the private key, or start ssh-agent and add it: ssh-add",
        ) from None
    return message.with_name(f"{message.name}.sig").read_bytes()


def verify(message: Path, signature: Path, trust: Trust) -> str:
    """Return who has signed a file: the name of the signer and the key.

    Raises:
        SignatureError: it is the signature of something else, or of somebody else.
        MissingProgramError: there is no ssh-keygen.

    """
    key = _key_of(message, signature)
    fingerprint = key.rpartition(" ")[2]
    if trust.signer.startswith(FINGERPRINT):
        if trust.signer != fingerprint:
            raise _other(signature, key, trust.signer)
        return key
    if trust.signer and Path(trust.signer).is_file():
        return _by_public_key(message, signature, Path(trust.signer), key)
    allowed = trust.allowed or usual_list()
    if allowed is None:
        raise SignatureError(
            f"{signature} is a signature with the {key}, but nothing says whose that is",
            f"If it is theirs: --signer {fingerprint}; or give a list: --allowed-signers FILE",
        )
    name = trust.signer or _principal(signature, allowed, key)
    if not _is_of(message, signature, allowed, name):
        raise _other(signature, key, name)
    return f"{name} ({key})"


def fits(message: Path, signature: Path) -> bool:
    """Whether a signature is of a file, whoever's it is."""
    try:
        return bool(_key_of(message, signature))
    except SignatureError:
        return False


def _key_of(message: Path, signature: Path) -> str:
    """Return the key that has signed, whoever's it is: ``ED25519 key SHA256:...``."""
    argv = ["ssh-keygen", "-Y", "check-novalidate", "-n", NAMESPACE, "-s", os.fspath(signature)]
    try:
        said = output_of(argv, package=PACKAGE, given=message).decode(errors="replace")
    except CommandFailedError as error:
        raise SignatureError(
            f"{signature} is not a signature of this pack as it is ({error.message})",
            "It was changed since, or replaced: get both again from who signed",
        ) from None
    if not (good := _GOOD.search(said)):
        raise SignatureError(f"ssh-keygen said of {signature} what rpz doesn't know: {said!r}")
    return good[1]


def _by_public_key(message: Path, signature: Path, public: Path, key: str) -> str:
    words = public.read_bytes().split(None, 2)[:2]
    with tempfile.NamedTemporaryFile(prefix="rpz-") as allowed:
        allowed.write(b"signer " + b" ".join(words) + b"\n")
        allowed.flush()
        if not _is_of(message, signature, Path(allowed.name), "signer"):
            raise _other(signature, key, os.fspath(public))
    return key


def _principal(signature: Path, allowed: Path, key: str) -> str:
    """Return the first name, or pattern of names, that a list has for the key."""
    argv = ["ssh-keygen", "-Y", "find-principals", "-s", os.fspath(signature)]
    try:
        said = output_of([*argv, "-f", os.fspath(allowed)], package=PACKAGE)
    except CommandFailedError:
        raise _other(signature, key, f"anybody in {allowed}") from None
    return said.decode(errors="replace").partition("\n")[0].partition(",")[0]


def _is_of(message: Path, signature: Path, allowed: Path, name: str) -> bool:
    argv = ["ssh-keygen", "-Y", "verify", "-f", os.fspath(allowed), "-I", name, "-n", NAMESPACE]
    try:
        output_of([*argv, "-s", os.fspath(signature)], package=PACKAGE, given=message)
    except CommandFailedError:
        return False
    return True


def _other(signature: Path, key: str, wanted: str) -> SignatureError:
    return SignatureError(
        f"{signature} is not a signature of {wanted}: it is with the {key}",
        "Don't trust the pack, unless that is a key of theirs, too",
    )
