"""Small packs, written by hand: the unpackers are tested against the format, not the packer."""

from __future__ import annotations

import io
import os
import platform
import tarfile
from typing import TYPE_CHECKING

from rpaths import PosixPath

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


def write_pack(path: Path, config: Config, data: bytes) -> Path:
    members = {
        "DATA.tar.gz": data,
        "METADATA/version": b"REPROZIP VERSION 2\n",
        "METADATA/trace.sqlite3": b"",
        "METADATA/config.yml": config_text(config).encode(),
    }
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path
