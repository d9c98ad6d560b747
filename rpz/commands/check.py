"""``rpz check``: verify every byte of a pack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpz.commands.options import as_json, limit_size, verbosity
from rpz.commands.progress import progress_bar
from rpz.commands.text import counted, shown, shown_path
from rpz.errors import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpz.packer.archive.check import Fault, Verdict
    from rpz.packer.archive.reader import Pack


@click.command(short_help="Verify every byte of a pack.")
@as_json
@limit_size
@click.option("--signature", is_flag=True, help="Check also who has signed it, in PACK.sig.")
@click.option(
    "--signer",
    default="",
    metavar="WHO",
    help="Who must have signed: a public key or its file, SHA256:..., or a name in the list.",
)
@click.option(
    "--allowed-signers",
    "allowed",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The list of signers, as ssh-keygen has it; git's, if it has one.",
)
@verbosity
@click.argument("pack", type=click.Path(path_type=Path, exists=True))
def command(
    pack: Path,
    as_json: bool,
    limit: int | None,
    signature: bool,
    signer: str,
    allowed: Path | None,
) -> int:
    """Verify every byte of PACK, and name what is damaged; the exit status is 1 if anything is.

    What unpack would refuse is damaged, too, and what the manifest says otherwise than the data.
    """
    from rpz.packer.archive.reader import Pack

    with Pack.open(pack, limit) as opened, progress_bar("Checking") as progress:
        wanted = signature or signer or allowed
        signed_by = _signer(opened, signer, allowed) if wanted else None
        verdict = _checked(opened, progress(_size(opened)) if progress else lambda _count: None)
    if as_json:
        signed = {"signed_by": signed_by} if signed_by and not verdict.faults else {}
        click.echo(json.dumps(_as_json(pack, verdict) | signed, indent=2))
    else:
        _tell(pack, verdict)
        if signed_by and not verdict.faults:
            click.echo(f"Signed by {shown(signed_by)}")
    return TROUBLE if verdict.faults else 0


def _signer(pack: Pack, signer: str, allowed: Path | None) -> str:
    from rpz.provenance.signatures.signing import verify_signature
    from rpz.provenance.signatures.trust import Trust

    return verify_signature(pack, Trust(signer, allowed))


def _size(pack: Pack) -> int:
    return pack.index.size if pack.index else pack.path.stat().st_size


def _checked(pack: Pack, progress: Callable[[int], None]) -> Verdict:
    from rpz.packer.archive.check import check
    from rpz.unpackers.agreement import disagreements

    verdict = check(pack, progress)
    if not verdict.faults:  # else the same would be told twice
        verdict.faults.extend(disagreements(pack))
    return verdict


def _tell(pack: Path, verdict: Verdict) -> None:
    from rpz.packer.sizes import human_size

    if not verdict.faults:
        names = counted(verdict.members, "packed name")
        click.echo(f"{shown_path(pack)} is sound: {names}, {human_size(verdict.size)}")
    for fault in verdict.faults:
        click.echo(f"Damaged: {_what(fault)}")
    if verdict.unchecked:
        click.echo(f"Not all could be checked: {verdict.unchecked}")


def _what(fault: Fault) -> str:
    told = [shown_path(fault.path)] if fault.path is not None else []
    return ": ".join([*told, shown(fault.what)] if fault.what else told)


def _as_json(pack: Path, verdict: Verdict) -> dict[str, object]:
    return {
        "pack": shown_path(pack),
        "sound": not verdict.faults,
        "members": verdict.members,
        "bytes": verdict.size,
        "unchecked": verdict.unchecked or None,
        "damaged": [_fault_json(fault) for fault in verdict.faults],
    }


def _fault_json(fault: Fault) -> dict[str, str]:
    if fault.path is None:
        return {"part": fault.what}
    why = {"why": fault.what} if fault.what else {}
    return {"path": fault.path.decode("utf-8", "surrogateescape"), **why}
