"""What the user has already: a key to sign with, and a list of who may have signed."""

from __future__ import annotations

from pathlib import Path

from rpz.errors import CommandFailedError, MissingProgramError
from rpz.process import output_of
from rpz.provenance.signatures.errors import SignatureError

USUAL = ("id_ed25519", "id_ecdsa", "id_rsa")


def usual_key() -> Path:
    """Return the key that git signs with, else the first of those that ssh tries.

    Raises:
        SignatureError: there is none.

    """
    named = _setting("user.signingkey") if _setting("gpg.format") == "ssh" else ""
    usual = [Path.home() / ".ssh" / name for name in USUAL]
    for path in [Path(named), *usual] if named else usual:
        if path.is_file():
            return path
    raise SignatureError(
        "There is no key to sign with", "Name one: --key FILE; or make one: ssh-keygen -t ed25519"
    )


def usual_list() -> Path | None:
    """Return the list of signers that git goes by; None: it has none."""
    found = _setting("gpg.ssh.allowedSignersFile")
    return Path(found) if found and Path(found).is_file() else None


def _setting(name: str) -> str:
    """Return what the user has told git, if anything: it has the same kinds of signatures."""
    try:
        argv = ["git", "config", "--global", "--type=path", "--get", name]
        return output_of(argv, package="git").decode(errors="replace").strip()
    except (CommandFailedError, MissingProgramError):
        return ""
