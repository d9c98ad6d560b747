"""Sign a pack, and say who has.

What is signed is the member ``EXTENSIONS/rpz/index.jsonl``, byte for byte: it has the SHA-256 of
every other member, of which the manifest has that of every packed file. That a pack is what its
index says is for :func:`rpz.packer.archive.check.check` to find out.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rpz.packer.archive import format as form
from rpz.packer.archive.reader import Pack
from rpz.packer.atomic import replaced_file
from rpz.provenance.signatures import minisign, ssh
from rpz.provenance.signatures.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.provenance.signatures.trust import Trust


class Tool(Protocol):
    """What a program that signs can do."""

    BEGINS: bytes
    """How its signatures begin."""

    def sign(self, message: Path, key: Path | None) -> bytes:
        """Return the signature of a file."""

    def verify(self, message: Path, signature: Path, trust: Trust) -> str:
        """Return who has signed a file, or raise :class:`SignatureError`."""


TOOLS: dict[str, Tool] = {"ssh": ssh, "minisign": minisign}
LARGEST = 1 << 16
"""Bytes of a signature."""


def signature_of(pack: Path) -> Path:
    """Return where the signature of a pack is."""
    return pack.with_name(f"{pack.name}.sig")


def sign_pack(
    path: Path, *, key: Path | None = None, tool: str = "", overwrite: bool = False
) -> Path:
    """Write the signature of a pack beside it, and return where; the tool is told by the key.

    Raises:
        SignatureError: there is one already, there is no key, or the pack has nothing to sign.
        PackError: it isn't a pack.
        MissingProgramError: the program that signs isn't installed.

    """
    target = signature_of(path)
    if target.exists() and not overwrite:
        raise SignatureError(f"{target} exists already", "Replace it with --overwrite")
    with Pack.open(path) as pack, _message(pack) as message:
        data = TOOLS[tool or _tool_of(key)].sign(message, key)
    with _existing_told(target), replaced_file(target, overwrite=overwrite) as file:
        file.write(data)
    return target


def verify_signature(pack: Pack, trust: Trust) -> str:
    """Return who has signed an open pack.

    Raises:
        SignatureError: nobody, somebody else, or the pack was another one then.
        MissingProgramError: the program that verifies isn't installed.

    """
    signature = signature_of(pack.path)
    try:
        with signature.open("rb") as file:
            data = file.read(LARGEST)
    except FileNotFoundError:
        raise SignatureError(
            f"{pack.path} has no signature: there is no {signature}",
            "Get it from where the pack is from, or make it: rpz sign",
        ) from None
    for tool in TOOLS.values():
        if data.startswith(tool.BEGINS):
            with _message(pack) as message:
                return tool.verify(message, signature.absolute(), trust)
    raise SignatureError(
        f"{signature} is no signature that rpz knows", f"It knows those of {', '.join(TOOLS)}"
    )


def check_fits(path: Path) -> None:
    """Check that a pack has no signature, or one that is of the pack as it is, whoever's.

    Of one by minisign that can't be known without the signer's key.

    Raises:
        SignatureError: it is of something else.

    """
    signature = signature_of(path)
    if not (signature.is_file() and shutil.which("ssh-keygen")):
        return
    with signature.open("rb") as file:
        if not file.read(LARGEST).startswith(ssh.BEGINS):
            return
    with Pack.open(path) as pack:
        if pack.index is None:  # what is signed isn't said: it is ReproZip's
            return
        with _message(pack) as message:
            good = ssh.fits(message, signature)
        if not good:
            raise SignatureError(
                f"{signature} is not a signature of {path} as it is",
                f"Sign it again (rpz sign --overwrite {path}), or move the signature away",
            )


@contextlib.contextmanager
def _message(pack: Pack) -> Iterator[Path]:
    """Put what is signed in a file."""
    file = pack.extension(form.INDEX)
    if file is None:
        raise SignatureError(
            f"{pack.path} has no manifest, because ReproZip or an older rpz made it",
            "Sign the file itself: ssh-keygen -Y sign -n file -f KEY PACK",
        )
    with file, tempfile.TemporaryDirectory(prefix="rpz-") as folder:
        path = Path(folder, "index.jsonl")
        path.write_bytes(file.read())
        yield path


def _tool_of(key: Path | None) -> str:
    if key is None:
        return "ssh"
    with key.open("rb") as file:
        return "minisign" if file.read(LARGEST).startswith(minisign.BEGINS) else "ssh"


@contextlib.contextmanager
def _existing_told(target: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise SignatureError(f"{target} exists already", "Replace it with --overwrite") from None
