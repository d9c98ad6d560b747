"""The lengths of instructions, beside objdump's."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import require

if TYPE_CHECKING:
    from tests.tracer.accelerator.conftest import Finder

FOLDERS = (Path("/lib/x86_64-linux-gnu"), Path("/lib64"), Path("/usr/lib"))
FWAIT = 0x9B
"""objdump shows it as a prefix of the next instruction; it is an instruction of its own."""


def installed(name: str) -> Path:
    """One of this machine's libraries."""
    found = [folder / name for folder in FOLDERS if (folder / name).exists()]
    require(bool(found), f"no {name} in any of {FOLDERS}")
    return found[0]


def disassemble(file: Path) -> dict[int, bytes]:
    """The address and bytes of each instruction, as objdump has them."""
    require("objdump", "no objdump (on Debian and Ubuntu: apt-get install binutils)")
    argv = ["objdump", "--disassemble", "--wide", "--insn-width=15", file]
    text = subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout
    found = re.findall(rb"^ +([0-9a-f]+):\t((?:[0-9a-f]{2} )+)", text, re.MULTILINE)
    seen = {int(address, 16): bytes.fromhex(code.decode()) for address, code in found}
    waits = {at: code for at, code in seen.items() if code[0] == FWAIT and len(code) > 1}
    return (
        seen
        | {at: code[:1] for at, code in waits.items()}
        | {at + 1: code[1:] for at, code in waits.items()}
    )


@pytest.mark.parametrize("name", ["libc.so.6", "ld-linux-x86-64.so.2", "libm.so.6"])
def test_every_instruction_of_a_library_has_the_length_that_objdump_sees(
    finder: Finder, name: str
) -> None:
    library = installed(name)
    theirs = disassemble(library)
    lines = finder.output("--lengths", library).splitlines()
    ours = {int(at, 16): int(length) for at, length in map(str.split, lines)}
    assert len(ours) > 20_000
    assert not {hex(at) for at, length in ours.items() if not length}, "not known"
    wrong = {at for at, length in ours.items() if length != len(theirs.get(at, b""))}
    assert not set(map(hex, wrong))


KNOWN = {
    "nop": "90",
    "endbr64": "f30f1efa",
    "mov $N,%eax": "b801010000",
    "mov $N,%ax": "66b80101",
    "movabs": "48b80102030405060708",
    "movabs with two sizes": "6648b80102030405060708",
    "moffs": "a00102030405060708",
    "moffs of 32 bits": "67a001020304",
    "rip-relative": "488b0d01020304",
    "SIB without base": "8b042501020304",
    "disp8": "8b442408",
    "disp32": "8b842408000000",
    "test $N,%cl": "f6c101",
    "not %cl": "f6d1",
    "test $N,%cx": "66f7c10101",
    "imul": "69c001020304",
    "enter": "c8010002",
    "ret $N": "c20800",
    "jz": "0f8401020304",
    "tls call": "6648e801020304",
    "pshufd": "660f70c0e4",
    "palignr": "660f3a0fc108",
    "crc32": "f2480f38f1c1",
    "vzeroupper": "c5f877",
    "vpshufd": "c5f970c0e4",
    "vpermq": "c4e3fd00c044",
    "vpgatherdd": "c4e27590040501020304",
    "EVEX disp8": "62f17c48104001",
    "EVEX imm8": "62f3fd4800c044",
    "EVEX of map 5": "62f57c4858c1",
    "longest nop": "6666662e0f1f840000000000",
    "xbegin": "c7f801020304",
}
UNKNOWN = {
    "push %es": "06",
    "into": "ce",
    "REX2": "d51090",
    "XOP": "8fe878c0c001",
    "REX before a prefix": "4866b80101",
    "call with a size": "66e801020304",
    "VEX after REX": "48c5f877",
    "VEX map 4": "c4e47d00c0",
    "EVEX map 4": "62f47c4810c0",
    "16 bytes": "66" * 14 + "b801",
    "undefined of FF": "ffff",
    "undefined of FE": "fed0",
    "cut": "b80101",
    "cut prefix": "66",
    "nothing": "",
}


@pytest.mark.parametrize("code", KNOWN.values(), ids=KNOWN)
def test_a_known_instruction_has_its_length_whatever_follows(finder: Finder, code: str) -> None:
    assert finder.output("--length", code + "00" * 15) == f"{len(code) // 2}\n"
    assert finder.output("--length", code) == f"{len(code) // 2}\n"


@pytest.mark.parametrize("code", UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_has_no_length(finder: Finder, code: str) -> None:
    assert finder.output("--length", code) == "0\n"
