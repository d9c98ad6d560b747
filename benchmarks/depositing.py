"""How long a deposit of a great pack takes, over a line that breaks, and how much memory.

The archive is the tests' server for InvenioRDM on this machine. Each cut has the upload begin anew:
the records API takes a file in one piece.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rpz.provenance.deposit.depositing import Deposit
from rpz.provenance.deposit.invenio import Invenio as Client
from rpz.provenance.publication.storage import write_publication
from rpz.provenance.web.patience import Patience
from tests.conftest import rpz_in
from tests.provenance.deposit.packs import TOLD
from tests.provenance.deposit.servers import TOKEN, Fault, Invenio, serving

if TYPE_CHECKING:
    from collections.abc import Iterable

MEBIBYTE = 1 << 20
CONTENT = r"files/experiment\.rpz/content$"


def packed(folder: Path, size: int) -> Path:
    """Make a pack of a file that can't be compressed."""
    with (folder / "data").open("wb") as file:
        for _ in range(size):
            file.write(os.urandom(MEBIBYTE))
    rpz = rpz_in(folder)
    for words in (("trace", "wc", "-c", "data"), ("pack",)):
        argv = rpz.argv(*words)
        if os.spawnve(os.P_WAIT, sys.executable, _in(folder, argv), dict(rpz.environment)):
            sys.exit("The pack can't be made")
    (folder / "data").unlink()
    write_publication(folder / "experiment.rpz", TOLD)
    return folder / "experiment.rpz"


def _in(folder: Path, argv: Iterable[str | bytes | Path]) -> list[str]:
    os.chdir(folder)
    return [os.fsdecode(word) for word in argv]


def served(pack: Path, cuts: int) -> None:
    """Start the archive in a process of its own, and deposit the pack there."""
    size = pack.stat().st_size
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with serving(Invenio) as server:
            server.faults += [
                Fault("PUT", CONTENT, cut_after=size * (n + 1) // (cuts + 1)) for n in range(cuts)
            ]
            os.write(writing, server.url.encode())
            time.sleep(3600)
    url = os.read(reading, 100).decode()
    try:
        deposited(pack, url)
    finally:
        os.kill(child, 15)
        os.waitpid(child, 0)


def deposited(pack: Path, url: str) -> None:
    """Deposit the pack, and print what that took."""
    began = time.monotonic()
    archive = Client(url, {}, TOKEN, "")
    deposit = Deposit(pack, "invenio", url, archive, Patience())
    draft = deposit.reserved()
    reserved = time.monotonic()
    went: list[int] = []
    deposit.complete(draft, lambda _total: lambda count: went.append(max(0, count)))
    took = time.monotonic() - reserved
    held = archive.held(draft)[pack.name]
    with pack.open("rb") as file:
        state = hashlib.md5(usedforsecurity=False)
        while block := file.read(MEBIBYTE):
            state.update(block)
    if state.hexdigest() != held.checksum:
        sys.exit("The archive has something else")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"pack: {pack.stat().st_size / MEBIBYTE:.0f} MiB, sent in all: {sum(went) / MEBIBYTE:.0f}"
    )
    print(f"draft, DOI, and that into the pack: {reserved - began:.1f} s; upload: {took:.1f} s")
    print(f"peak memory: {peak / 1024:.0f} MiB; the archive's checksum is the pack's")


def main() -> None:
    """Make a pack, and deposit it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=2048, help="of the pack, in MiB")
    parser.add_argument("--cuts", type=int, default=2, help="how often the line breaks")
    parser.add_argument("--in", dest="folder", help="where the pack is made")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        served(packed(Path(folder), chosen.size), chosen.cuts)


if __name__ == "__main__":
    main()
