"""Small packs, written by hand: the unpackers are tested against the format, not the packer."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import struct
import tarfile
import zlib
from typing import TYPE_CHECKING

from rpaths import PosixPath

from rpz.packer.archive.codecs import BLOCK, GZIP, GZIP_HEAD
from rpz.packer.archive.index import Index, Part, StoredBlock, index_bytes
from rpz.packer.config.model import Config, InputOutput, Run
from rpz.packer.config.writer import config_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MTIME = 1_234_567_890_123_456_789
UID, GID = 1234, 2345
FOLDER = "/work/\udcff dir"
"""The working folder: its name isn't UTF-8."""
ENVIRON = {"A": "1", "EMPTY": "", "BYTES": "\udcfe\n", "PATH": "/nowhere"}
PACK_ID = "0f6cf1b1-0000-5000-8000-000000000000"
DATA = b"a,b\n1,2\n"


def folder(name, mode=0o755, uid=0):
    return member(name, tarfile.DIRTYPE, mode=mode, uid=uid)


def file(name, content=b"", **attributes):
    info, _ = member(name, size=len(content), **attributes)
    return info, content


def member(name, kind=tarfile.REGTYPE, **attributes):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = 0o644
    info.mtime = MTIME // 10**9
    info.pax_headers = {"mtime": f"{MTIME // 10**9}.{MTIME % 10**9:09d}"}
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, b""


def data_tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], mode="w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode=mode, format=tarfile.PAX_FORMAT, errors="surrogateescape"
    ) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def experiment(probe: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    """The packed files of the tests' experiment; its user may write in its folder."""
    here = f"DATA{FOLDER}"
    return [
        folder("DATA/bin"),
        file("DATA/bin/probe", probe.read_bytes(), mode=0o755),
        member("DATA/bin/link", tarfile.SYMTYPE, linkname="/bin/../bin/probe"),
        folder("DATA/work"),
        folder(here, uid=UID),
        file(f"{here}/data.csv", DATA, mode=0o640, uid=UID, gid=GID),
        member(f"{here}/hard.csv", tarfile.LNKTYPE, linkname=f"{here}/data.csv"),
        member(f"{here}/latest.csv", tarfile.SYMTYPE, linkname="data.csv"),
        member(f"{here}/outside", tarfile.SYMTYPE, linkname="../../../../etc/hostname"),
    ]


def run(number, *argv, binary="/bin/probe"):
    return Run(
        id=f"run{number}",
        binary=PosixPath(binary.encode()),
        argv=argv,
        workingdir=PosixPath(os.fsencode(FOLDER)),
        environ=ENVIRON,
        architecture=platform.machine(),
        distribution=("debian", "12"),
        hostname="host",
        system=("Linux", "6.1"),
        uid=UID,
        gid=GID,
        exitcode=0,
    )


def config(*commands, binary="/bin/probe", **others):
    base = PosixPath(os.fsencode(FOLDER))
    files = (
        InputOutput("data.csv", base / b"data.csv", (0,), ()),
        InputOutput("out.csv", base / b"out.csv", (), (0,)),
    )
    return Config(
        runs=tuple(run(n, "probe", *words, binary=binary) for n, words in enumerate(commands)),
        **{"inputs_outputs": files, "pack_id": PACK_ID, **others},
    )


def parts(config: Config, data: bytes) -> dict[str, bytes]:
    """The members of an archive: as ReproZip's, without a manifest."""
    return {
        "DATA.tar.gz": data,
        "METADATA/version": b"REPROZIP VERSION 2\n",
        "METADATA/trace.sqlite3": b"",
        "METADATA/config.yml": config_text(config).encode(),
    }


def listed_parts(config: Config, members: Iterable[tuple[tarfile.TarInfo, bytes]]):
    """The members of an archive as rpz writes it, with manifest and index, whatever is in it."""
    tar = data_tar(members, mode="w")
    blocks = [tar[place : place + BLOCK] for place in range(0, len(tar), BLOCK)]
    stored = [GZIP.compress(block) for block in blocks]
    lines = list(manifest_lines(tar))
    manifest = gzip.compress(b"".join(lines), mtime=0)
    found = parts(config, GZIP_HEAD + b"".join(stored) + b"\3\0" + gzip_end(tar))
    found["EXTENSIONS/rpz/manifest.jsonl.gz"] = manifest
    index = Index(
        compression="gzip",
        crc=zlib.crc32(tar),
        members=len(lines),
        blocks=[
            StoredBlock(len(block), len(plain), zlib.crc32(block))
            for block, plain in zip(stored, blocks, strict=True)
        ],
        parts={
            name: Part(len(content), 0o644, hashlib.sha256(content).hexdigest())
            for name, content in found.items()
            if not name.startswith("DATA")
        },
    )
    return {**found, "EXTENSIONS/rpz/index.jsonl": index_bytes(index)}


def gzip_end(tar: bytes) -> bytes:
    return struct.pack("<II", zlib.crc32(tar), len(tar) & 0xFFFFFFFF)


KINDS = {
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
    tarfile.REGTYPE: "file",
}


def manifest_lines(tar: bytes) -> Iterable[bytes]:
    """What a manifest would say of a tar's members, if anybody wrote such a manifest."""
    end = 0
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:", errors="surrogateescape") as archive:
        for info in archive:
            start, content = end, info.offset_data
            stored = info.size if info.isreg() else 0
            end = content + stored + -stored % 512
            entry = {
                "path": info.name.removeprefix("DATA"),
                "type": KINDS.get(info.type, "device"),
                "mode": info.mode,
                "uid": info.uid,
                "gid": info.gid,
                "mtime": exact(info),
                "start": start,
                "end": end,
            }
            if info.isreg():
                digest = hashlib.sha256(tar[content : content + stored]).hexdigest()
                entry |= {"size": info.size, "content": content, "sha256": digest}
            if info.linkname:
                is_hard = info.type == tarfile.LNKTYPE
                entry["target"] = info.linkname.removeprefix("DATA" if is_hard else "")
            yield json.dumps(entry).encode() + b"\n"


def exact(info):
    text = info.pax_headers.get("mtime", "0")
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 10**9 + int(fraction or 0) if seconds.isdecimal() else text


def write_pack(path: Path, config: Config, data: bytes) -> Path:
    return write_parts(path, parts(config, data))


def write_parts(path: Path, members) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path
