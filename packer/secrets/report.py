"""What became of the secrets, for the person who packs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from rpz.packer.rows import path_bytes
from rpz.packer.secrets.config import collect, needed_paths
from rpz.packer.secrets.database import secrets_of
from rpz.packer.secrets.files import telling
from rpz.packer.secrets.haystack import Haystack
from rpz.packer.table import Table

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from rpz.packer.config.model import Config
    from rpz.packer.plan import Plan
    from rpz.packer.secrets.redact import Secrets


@dataclass(frozen=True)
class SecretsReport:
    """Names of secrets, never values.

    ``withheld`` are not in what the pack tells of the runs; ``exposed`` are those, of them
    and of others, whose value is in the pack all the same, because it is part of a path or a word
    that can't change;
    ``files`` are packed files with the names of those that are in their text; ``idle`` should have
    been kept and don't exist.
    """

    withheld: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    files: tuple[tuple[bytes, tuple[str, ...]], ...] = ()
    idle: tuple[str, ...] = ()


def find_secrets(trace: Path, config: Config, planned: Plan, kept: Collection[str]) -> Secrets:
    """Return what is to be withheld from a pack, but for the names ``kept``."""
    paths = (path for m in planned.members for path in (m.path, m.target or b""))
    text = Haystack(path + b"\0" for path in chain(paths, needed_paths(config)))
    secrets = secrets_of(trace, kept, text)
    collect(config, secrets)
    secrets.seal()
    return secrets


def report_of(secrets: Secrets, config: Config, planned: Plan) -> SecretsReport:
    """Return what to tell of the secrets, when the pack is written."""
    packaged: Table[None] = Table()
    files = (path for package in config.packages for path in path_bytes(package.files))
    packaged.add_all((file, None) for file in (files if secrets.is_seeking else ()))
    return SecretsReport(
        secrets.names,
        tuple(sorted(secrets.exposed)),
        tuple(telling(planned.members, packaged, secrets)),
        secrets.idle,
    )
