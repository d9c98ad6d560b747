"""Packs that were made to do harm: a row for each trick, made by code.

As a program, ``python -m tests.unpackers.hostile FOLDER``, it tries them all as whoever runs it.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rpz.errors import RpzError
from rpz.packer.archive.reader import Pack
from rpz.unpackers import load
from rpz.unpackers.excerpt import take_out
from tests.unpackers import packs
from tests.unpackers.packs import file, folder, member

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = packs.config(("status", "0"))
LINK_OUT = member("DATA/out", tarfile.SYMTYPE, linkname="../../outside")
TARGET = f"hostile{os.getpid()}"
"""A name by which an image would be found that was left."""
LIMIT = 1 << 20
"""Bytes that the files of the bombs may take: what is tried is the limit, not the disk."""
ZEROS = bytes(4 * LIMIT)

MEMBERS = {
    "absolute": [file("/etc/passwd")],
    "outside the data": [file("METADATA/file")],
    "dots": [file("DATA/a/../../../outside/file")],
    "dots at the end": [folder("DATA/..")],
    "dots in the middle": [folder("DATA/a"), file("DATA/a/../../outside/kept")],
    "through a link": [LINK_OUT, file("DATA/out/file")],
    "through a link, absolute": [
        member("DATA/out", tarfile.SYMTYPE, linkname="/tmp"),
        file("DATA/out/rpz-was-here"),
    ],
    "through two links": [
        member("DATA/a", tarfile.SYMTYPE, linkname=".."),
        member("DATA/b", tarfile.SYMTYPE, linkname="a/../outside"),
        file("DATA/b/file"),
    ],
    "through a link, a folder": [LINK_OUT, folder("DATA/out/folder")],
    "through a link, a link": [LINK_OUT, member("DATA/out/l", tarfile.SYMTYPE, linkname="/")],
    "over a link": [LINK_OUT, file("DATA/out")],
    "under a link that comes later": [file("DATA/out/file"), LINK_OUT],
    "a folder over a link": [LINK_OUT, folder("DATA/out")],
    "a link over a folder": [folder("DATA/out"), LINK_OUT],
    "hard link outside": [member("DATA/h", tarfile.LNKTYPE, linkname="DATA/../../outside/kept")],
    "hard link, absolute": [member("DATA/h", tarfile.LNKTYPE, linkname="/etc/passwd")],
    "hard link to a link": [LINK_OUT, member("DATA/q", tarfile.LNKTYPE, linkname="DATA/out")],
    "hard link through a link": [
        LINK_OUT,
        member("DATA/q", tarfile.LNKTYPE, linkname="DATA/out/kept"),
    ],
    "hard link to a folder": [
        folder("DATA/d"),
        member("DATA/h", tarfile.LNKTYPE, linkname="DATA/d"),
    ],
    "hard link to nothing": [member("DATA/h", tarfile.LNKTYPE, linkname="DATA/no")],
    "hard link to itself": [member("DATA/h", tarfile.LNKTYPE, linkname="DATA/h")],
    "a file over a hard link": [
        file("DATA/a"),
        member("DATA/h", tarfile.LNKTYPE, linkname="DATA/a"),
        file("DATA/h", b"other"),
    ],
    "twice": [file("DATA/a"), file("DATA/a")],
    "twice, a folder": [folder("DATA/a"), folder("DATA/a")],
    "twice, spelt otherwise": [file("DATA/a/b"), file("DATA//a/./b")],
    "in a file": [file("DATA/a"), file("DATA/a/b")],
    "file where a folder was": [file("DATA/a/b"), file("DATA/a")],
    "device": [member("DATA/null", tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "block device": [member("DATA/disk", tarfile.BLKTYPE)],
    "pipe": [member("DATA/fifo", tarfile.FIFOTYPE)],
    "unknown type": [member("DATA/what", b"Z")],
    "root as a file": [file("DATA")],
    "root as a link": [member("DATA", tarfile.SYMTYPE, linkname="../outside")],
    "a mount point as a link": [member("DATA/proc", tarfile.SYMTYPE, linkname="../../outside")],
    "a mount point as a file": [file("DATA/dev")],
    "empty link": [member("DATA/l", tarfile.SYMTYPE, linkname="")],
    "nul": [file("DATA/a\0b", pax_headers={"path": "DATA/a\0b"})],
    "time": [file("DATA/a", pax_headers={"mtime": "1e999999999"})],
    "no time": [file("DATA/a", pax_headers={"mtime": "nan"})],
    "nobody": [file("DATA/a", uid=2**32 - 1)],
    "too deep": [file("DATA" + "/d" * 1000)],
    "too long": [file("DATA/" + "d" * 5000)],
}
"""Packed files that are refused, whatever tells of them: the stream or the manifest."""


@dataclass(frozen=True)
class Trick:
    """A pack that must be refused; ``limit`` is how much its files may take."""

    name: str
    write: Callable[[Path], object]
    limit: int | None = None


def streamed(tar: bytes, config=CONFIG) -> Callable[[Path], object]:
    """A pack with these data, which has no manifest."""
    return lambda path: packs.write_parts(path, packs.parts(config, gzip.compress(tar, 1)))


def with_config(text: bytes) -> Callable[[Path], object]:
    good = [file("DATA/a")]

    def write(path):
        found = packs.parts(CONFIG, packs.data_tar(good))
        packs.write_parts(path, {**found, "METADATA/config.yml": text})

    return write


def header(name="DATA/a", kind=tarfile.REGTYPE, size=0, **others) -> bytes:
    """A header with any size, also one below zero."""
    info, _ = member(name, kind, pax_headers={}, mtime=0, **others)
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = (size % (1 << 96)).to_bytes(12, "big")
    block[124] = 0xFF if size < 0 else 0x80
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def sparse(size: int, pieces=((0, 0),)) -> bytes:
    """A file of this size with holes, as GNU tar writes it."""
    info, _ = member("DATA/a", tarfile.GNUTYPE_SPARSE, pax_headers={}, mtime=0)
    info.size = sum(length for _, length in pieces)
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    for number, (offset, length) in enumerate(pieces):
        block[386 + 24 * number : 410 + 24 * number] = number12(offset) + number12(length)
    block[483:495] = number12(size)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def number12(value: int) -> bytes:
    return b"\x80" + value.to_bytes(11, "big")


def endless_sparse() -> bytes:
    """A list of holes that goes on and on."""
    first = bytearray(sparse(1 << 30))
    first[482] = 1
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    more = (number12(0) + number12(0)) * 21 + b"\1" + bytes(7)
    return bytes(first) + more * (5 << 20 >> 9)


def zipped(*members: tuple[str, bytes]) -> Callable[[Path], object]:
    def write(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of a name that is there already
                    # writestr of some versions of Python takes no empty name
                    with archive.open(zipfile.ZipInfo(name), "w") as member:
                        member.write(content)

    return write


def old(*members) -> Callable[[Path], object]:
    """A pack of version 1, in which the files are members of the archive itself."""

    def write(path):
        known = packs.parts(CONFIG, b"")
        known["METADATA/version"] = b"REPROZIP VERSION 1\n"
        del known["DATA.tar.gz"]
        path.write_bytes(packs.data_tar([*(file(n, c) for n, c in known.items()), *members]))

    return write


def changed(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def write(path):
        packs.write_parts(path, packs.listed_parts(CONFIG, [folder("DATA/a")]))
        path.write_bytes(change(path.read_bytes()))

    return write


def with_parts(**others: bytes) -> Callable[[Path], object]:
    def write(path):
        names = {"data": "DATA.tar.gz", "index": "EXTENSIONS/rpz/index.jsonl"}
        found = packs.listed_parts(CONFIG, [file("DATA/a")])
        found |= {names[key]: content for key, content in others.items()}
        packs.write_parts(path, found)

    return write


def doubled(name: str) -> Callable[[Path], object]:
    """A member of the archive, twice: which of them counts?"""

    def write(path):
        found = packs.parts(CONFIG, packs.data_tar([file("DATA/a")]))
        packs.write_parts(path, found)
        with tarfile.open(path, "a") as tar:
            info = tarfile.TarInfo(name)
            info.size = len(found[name])
            tar.addfile(info, io.BytesIO(found[name]))

    return write


def special(name: str, kind: bytes) -> Callable[[Path], object]:
    """A member of the archive that is a link or a device."""

    def write(path):
        found = packs.parts(CONFIG, packs.data_tar([file("DATA/a")]))
        del found[name]
        packs.write_parts(path, found)
        with tarfile.open(path, "a") as tar:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)

    return write


def index(line: bytes | None = None, **changes: object) -> bytes:
    """An index with anything in it, and its right digest."""
    usual = {
        "version": 1, "compression": "gzip", "size": 10240, "crc32": 0, "members": 1,
        "block": 1 << 20, "blocks": [[100, 0]], "parts": {},
    }  # fmt: skip
    line = line or json.dumps(usual | changes).encode()
    digest = hashlib.sha256(line + b"\n").hexdigest()
    return line + b"\n" + json.dumps({"sha256": digest}).encode() + b"\n"


RUN = "version: '0.8'\nruns:\n- &r {binary: /b, argv: &v [%s], workingdir: /, environ: {}}\n"
END = bytes(1024)

OTHERS = [
    Trick("empty", lambda path: path.write_bytes(b"")),
    Trick("no archive", lambda path: path.write_bytes(b"#!/bin/sh\necho hello\n" * 99)),
    Trick("a gzip of nothing", lambda path: path.write_bytes(gzip.compress(b""))),
    Trick("zeros", lambda path: path.write_bytes(bytes(10240))),
    *(
        Trick(f"cut at {part}", changed(lambda data, part=part: data[: int(len(data) * part)]))
        for part in (0.01, 0.1, 0.3, 0.5, 0.7)
    ),
    Trick("cut data", streamed(packs.data_tar([file("DATA/a", b"x" * 9999)], "w")[:6000])),
    Trick("cut gzip", lambda p: packs.write_parts(
        p, packs.parts(CONFIG, packs.data_tar([file("DATA/a", b"x" * 9999)])[:-9]))),
    Trick("config twice", doubled("METADATA/config.yml")),
    Trick("data twice", doubled("DATA.tar.gz")),
    Trick("config is a link", special("METADATA/config.yml", tarfile.SYMTYPE)),
    Trick("data are a link", special("DATA.tar.gz", tarfile.SYMTYPE)),
    Trick("data are a device", special("DATA.tar.gz", tarfile.CHRTYPE)),
    Trick("config is nothing", with_config(b"")),
    Trick("config nests lists", with_config(b"[" * 1_000_000)),
    Trick("config nests mappings", with_config(b"{a: " * 300_000)),
    Trick("config nests blocks", with_config(b"- " * 300_000)),
    Trick("config repeats itself", with_config(b"version: '0.8'\nruns: &a [*a]\n")),
    Trick("config laughs", with_config((RUN % ("xxxx," * 1000) + "- *r\n" * 1000).encode())),
    Trick("config makes objects", with_config(b"!!python/object/apply:os.system [id]")),
    Trick("config names bytes", with_config(b"version: !!binary '/w=='")),
    Trick("config is no text", with_config(bytes(range(256)))),
    Trick("config obeys", with_config(b'version: "\\e[2J"\n')),
    Trick("config has a great number", with_config(b"version: '0." + b"9" * 10_000 + b"'")),
    Trick("a member twice in a ZIP", zipped(
        *packs.parts(CONFIG, b"").items(), ("METADATA/version", b"REPROZIP VERSION 2\n"))),
    Trick("a ZIP member without a name", zipped(("", b""))),
    Trick("another version", zipped(
        *(packs.parts(CONFIG, b"") | {"METADATA/version": b"REPROZIP VERSION 99\n"}).items())),
    Trick("no index", with_parts(index=b"no index")),
    Trick("index nests", with_parts(index=index(b"[" * 300_000))),
    Trick("index is a list", with_parts(index=index(b"[]"))),
    Trick("index of other data", with_parts(index=index())),
    Trick("index with large blocks", with_parts(index=index(block=1 << 40, size=1 << 40))),
    Trick("index with small blocks", with_parts(index=index(block=0))),
    Trick("index with more members than bytes", with_parts(index=index(members=1 << 40))),
    Trick("index with a number below zero", with_parts(index=index(blocks=[[-1, 0]]))),
    Trick("index with a great number", with_parts(index=index(crc32=10**400))),
    Trick("data of another pack", with_parts(data=packs.data_tar([file("DATA/b")]))),
    Trick("old, outside", old(file("DATA/../../outside/file"))),
    Trick("old, through a link", old(LINK_OUT, file("DATA/out/file"))),
    Trick("size of 2**60", streamed(header(size=1 << 60) + END)),
    Trick("size below zero", streamed(header(size=-512) + END)),
    Trick("size below zero, outside",
        lambda p: p.write_bytes(header("METADATA/version", size=-512) * 4)),
    Trick("holes of 2**60 bytes", streamed(sparse(1 << 60) + END)),
    Trick("holes that overlap", streamed(sparse(100, ((50, 10), (0, 60))) + bytes(512) + END)),
    Trick("holes beyond the end", streamed(sparse(100, ((1 << 50, 10),)) + bytes(512) + END)),
    Trick("holes without end", streamed(endless_sparse())),
    Trick("records without end", streamed(header("DATA/x", b"x", 1 << 40) + bytes(20 << 20))),
    Trick("a name without end", streamed(header("DATA/x", b"L", 1 << 40) + bytes(20 << 20))),
    Trick("records without end, outside", lambda p: p.write_bytes(
        gzip.compress(header("METADATA/version", b"x", 1 << 40) + bytes(20 << 20), 1))),
    Trick("records upon records", streamed(header("DATA/x", b"x", 0) * 5000)),
    Trick("bomb: a file", streamed(packs.data_tar([file("DATA/a", ZEROS)], "w")), LIMIT),
    Trick("bomb: many files", streamed(b"".join(
        header(f"DATA/{n}") for n in range(4000)) + END), LIMIT),
    Trick("bomb: behind the end", streamed(packs.data_tar([file("DATA/a")], "w") + ZEROS), LIMIT),
    Trick("bomb: listed", lambda p: packs.write_parts(
        p, packs.listed_parts(CONFIG, [file("DATA/a", ZEROS)])), LIMIT),
]  # fmt: skip


def both(name, members) -> list[Trick]:
    """A trick in the stream alone, and with a manifest that tells of it."""
    data = packs.data_tar(members, mode="w")
    return [
        Trick(f"{name}, streamed", streamed(data)),
        Trick(
            f"{name}, listed",
            lambda path: packs.write_parts(path, packs.listed_parts(CONFIG, members)),
        ),
    ]


TRICKS = [trick for name, found in MEMBERS.items() for trick in both(name, found)] + OTHERS
TRICKS = [trick for trick in TRICKS if trick.name != "absolute, listed"]  # the manifest's all are


def prepared(place: Path, trick: Trick) -> Path:
    """Write the pack, and beside it what it would like to change."""
    (place / "outside").mkdir(parents=True)
    (place / "outside" / "kept").write_bytes(b"kept")
    trick.write(place / "exp.rpz")
    return place / "exp.rpz"


def untouched(place: Path) -> bool:
    """Whether nothing else is there than before."""
    found = sorted(str(path.relative_to(place)) for path in place.rglob("*"))
    kept = place / "outside" / "kept"
    return (
        found == ["exp.rpz", "outside", "outside/kept"]
        and kept.read_bytes() == b"kept"
        and kept.stat().st_nlink == 1
        and not Path("/tmp/rpz-was-here").exists()
    )


def refusal(trick: Trick, path: Path, backend: str) -> str:
    """Unpack, and return the sentence that it is refused with."""
    try:
        with Pack.open(path, trick.limit) as pack:
            load(backend).unpack(pack, path.parent / TARGET, {})
    except RpzError as error:
        return str(error) if error.exit_code == 1 else "another exit status"
    raise AssertionError(f"{trick.name} was unpacked")


def main(folder: str, tricks: list[Trick] = TRICKS) -> None:
    """Try all on the backend that an ordinary user has, and take all out of them."""
    top = Path(folder)
    for number, trick in enumerate(tricks):
        place = top / str(number)
        path = prepared(place, trick)
        said = refusal(trick, path, "chroot")
        assert said.isprintable(), said
        assert untouched(place), trick.name
        (place / "taken").mkdir()
        with contextlib.suppress(RpzError, OSError), Pack.open(path, trick.limit) as pack:
            take_out(pack, [b"/"], place / "taken")
        path.unlink()
        assert sorted(p.name for p in (place / "outside").iterdir()) == ["kept"], trick.name
    print(f"{len(tricks)} refused", flush=True)  # noqa: T201 (it is a program)


if __name__ == "__main__":
    main(sys.argv[1])
