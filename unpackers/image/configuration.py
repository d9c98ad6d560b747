"""An image's configuration (OCI image specification 1.0, which Docker's has the same keys as)."""

from __future__ import annotations

import json
import shlex
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from rpz import __version__
from rpz.unpackers.image.assembly import INIT

if TYPE_CHECKING:
    from rpz.packer.config.model import Config, Package
    from rpz.unpackers.image.assembly import Assembled

ARCHITECTURES = {
    "x86_64": {"architecture": "amd64"},
    "aarch64": {"architecture": "arm64", "variant": "v8"},
    "armv7l": {"architecture": "arm", "variant": "v7"},
    "armv6l": {"architecture": "arm", "variant": "v6"},
    **{name: {"architecture": "386"} for name in ("i386", "i586", "i686")},
}
"""What Go calls what the kernel calls so; others have the same name (ppc64le, s390x, riscv64)."""
OCI = "org.opencontainers.image."
TITLE = 120
"""Characters of a title."""
LAST = 253402300799
"""The last second of the year 9999, after which there is no way to write a time."""


def configuration(config: Config, made: Assembled) -> bytes:
    """Return the configuration, as JSON: the same for the same pack."""
    created = _time(made.newest)
    machine = config.runs[0].architecture
    document = {
        "created": created,
        **ARCHITECTURES.get(machine, {"architecture": machine}),
        "os": "linux",
        "config": settings(config, created),
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{layer.sha256}" for layer in made.layers],
        },
        "history": [
            {"created": created, "created_by": f"rpz: {_plain(layer.title)}"}
            for layer in made.layers
        ],
    }
    return json.dumps(document, indent=1).encode("ascii")


def settings(config: Config, created: str) -> dict[str, Any]:
    """Return how a container of the image is started."""
    found: dict[str, Any] = {"Entrypoint": [INIT], "Labels": labels(config, created)}
    if user := user_of(config):
        found["User"] = user
    if folder := folder_of(config):
        found["WorkingDir"] = folder
    return found


def user_of(config: Config) -> str | None:
    """Return the user and group of all runs; None: they differ, and init changes to each."""
    users = {f"{run.uid}:{run.gid}" for run in config.runs}
    return users.pop() if len(users) == 1 else None


def folder_of(config: Config) -> str | None:
    """Return the first run's working folder; None: it can't be told in JSON (runs go to theirs)."""
    try:
        return config.runs[0].workingdir.path.decode()
    except UnicodeDecodeError:
        return None


def labels(config: Config, created: str | None = None) -> dict[str, str]:
    """Return what the image says of itself."""
    source = next(filter(None, map(_repository, config.packages)), ("", ""))
    found = {
        OCI + "title": _plain(shlex.join(config.runs[0].argv))[:TITLE],
        OCI + "version": source[1] or config.pack_id or "",
        OCI + "source": source[0],
        OCI + "created": created or "",
        "rpz.pack_id": config.pack_id or "",
        "rpz.version": __version__,
    }
    return {key: _plain(value) for key, value in found.items() if value}


def _repository(package: Package) -> tuple[str, str] | None:
    """Return where the experiment's working tree comes from, and which commit it is."""
    if package.manager != "git":
        return None
    try:
        url = parse_qs(urlsplit(package.purl).query).get("vcs_url", [""])[0]
    except ValueError:  # no URL, whoever made the pack
        return None
    return url.removeprefix("git+").rpartition("@")[0] or url, package.version


def _time(seconds: int) -> str:
    moment = datetime.fromtimestamp(min(max(seconds, 0), LAST), timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _plain(text: str) -> str:
    """Return text that any program can show."""
    return text.encode("utf-8", "replace").decode() if text.isprintable() else ascii(text)[1:-1]
