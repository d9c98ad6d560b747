"""An image made from a pack alone (``docs/docker-image.md``): no base image, no network."""

from __future__ import annotations

import json
import re
import secrets
import tarfile
from typing import TYPE_CHECKING

from rpz import __version__
from rpz.unpackers.docker import tarstream
from rpz.unpackers.errors import DockerError, HostileArchiveError
from rpz.unpackers.init import init_program, run_file
from rpz.unpackers.members import SECOND, Kind, Member, checked
from rpz.unpackers.mountpoints import MOUNT_POINTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docker import APIClient

    from rpz.packer.archive.reader import Pack
    from rpz.packer.config.model import Config

OWN = b".rpz"
"""The folder in the image that is rpz's, not the experiment's."""
INIT = "/.rpz/init"
_PLAIN = re.compile(r"[\w./ +,@-]+", re.ASCII)
"""Text that means itself in a Dockerfile instruction."""


def import_image(engine: APIClient, pack: Pack, name: str) -> str:
    """Send a pack to the engine as a new image, as a stream; return the image's full name.

    Raises:
        DockerError: the engine didn't take it.

    """
    repository, tag = f"rpz/{_repository(name)}", secrets.token_hex(4)
    program = init_program(pack)
    with pack.data() as archive:
        answer = engine.import_image_from_stream(
            tarstream.in_blocks(_layer(checked(archive), program, pack.config)),
            repository=repository,
            tag=tag,
            changes=_changes(pack.config),
        )
    _check(answer)
    return f"{repository}:{tag}"


def _check(answer: str) -> None:
    """Find the failure in what the engine reports, one JSON object a line."""
    for line in answer.splitlines():
        message = json.loads(line)
        if "error" in message:
            raise DockerError(f"The Docker engine didn't take the image: {message['error']}")


def _repository(name: str) -> str:
    """Return a name as Docker allows them in a repository."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "experiment"


def _changes(config: Config) -> list[str]:
    """Return the image's configuration, as instructions of a Dockerfile."""
    first = config.runs[0]
    labels = {"rpz.version": __version__, "rpz.pack_id": config.pack_id or ""}
    folder = first.workingdir.path.decode(errors="replace")
    changes = [f"ENTRYPOINT {json.dumps([INIT])}"]
    changes += [f'LABEL {key}="{text}"' for key, text in labels.items() if _PLAIN.fullmatch(text)]
    if _PLAIN.fullmatch(folder):  # the runs change to theirs themselves
        changes.append(f"WORKDIR {folder}")
    if all((run.uid, run.gid) == (first.uid, first.gid) for run in config.runs):
        changes.append(f"USER {first.uid}:{first.gid}")
    return changes


def _layer(members: Iterable[Member], program: bytes, config: Config) -> Iterator[bytes]:
    """Yield the image's only layer: the packed files, and those of rpz."""
    missing = {name.encode(): mode for name, mode in MOUNT_POINTS.items()}
    for member in members:
        if member.path[:1] == (OWN,):  # of an experiment that was traced inside a container of ours
            continue
        if b"/".join(member.path) in missing:
            del missing[member.path[0]]
            _refuse_unless_folder(member)
        if member.path:
            yield from tarstream.entry(_header(member), member.blocks())
    for name, mode in missing.items():
        yield from tarstream.entry(_own(name.decode(), tarfile.DIRTYPE, mode))
    yield from tarstream.entry(_own(".rpz", tarfile.DIRTYPE, 0o755))
    yield from tarstream.file(_own(INIT, mode=0o755), program)
    yield from tarstream.entry(_own(".rpz/runs", tarfile.DIRTYPE, 0o755))
    for index, run in enumerate(config.runs):
        yield from tarstream.file(_own(f".rpz/runs/{index}"), run_file(run))
    yield tarstream.END


def _refuse_unless_folder(member: Member) -> None:
    if member.kind is not Kind.FOLDER:
        raise HostileArchiveError(f"{member} in the pack isn't a folder")


_TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.FOLDER: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
    Kind.HARDLINK: tarfile.LNKTYPE,
}


def _header(member: Member) -> tarfile.TarInfo:
    info = tarfile.TarInfo(_text(b"/".join(member.path)))
    info.type = _TYPES[member.kind]
    info.mode = member.mode
    info.uid, info.gid = member.uid, member.gid
    info.size = member.size
    info.linkname = _text(member.link)
    info.mtime = member.mtime // SECOND
    if member.mtime % SECOND:
        info.pax_headers = {"mtime": tarstream.exact_seconds(member.mtime)}
    return info


def _own(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name.lstrip("/"))
    info.type = kind
    info.mode = mode
    return info


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
