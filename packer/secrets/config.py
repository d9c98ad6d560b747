"""The secrets in what ``config.yml`` says of the runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rpz.packer.config.model import paths_of
from rpz.packer.rows import path_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpz.packer.config.model import Config, Run
    from rpz.packer.secrets.redact import Secrets


def collect(config: Config, secrets: Secrets) -> None:
    """Take in the secrets of a ``config.yml``: a person may have added some."""
    for run in config.runs:
        entries = [_bytes(f"{name}={value}") for name, value in run.environ.items()]
        secrets.collect(entries, [_bytes(word) for word in run.argv])


def redacted(config: Config, secrets: Secrets) -> Config:
    """Return a configuration without secrets."""
    return replace(config, runs=tuple(_redacted_run(run, secrets) for run in config.runs))


def needed_paths(config: Config) -> Iterator[bytes]:
    """Yield the paths that must stay as they are for a replay."""
    for run in config.runs:
        yield from (bytes(run.binary), bytes(run.workingdir))
    yield from (path for path, _ in paths_of(config.inputs_outputs))
    for package in config.packages:
        yield from path_bytes(package.files)
    yield from path_bytes(config.other_files)


def _redacted_run(run: Run, secrets: Secrets) -> Run:
    def text(value: str) -> str:
        return _text(secrets.text(_bytes(value)))

    return replace(
        run,
        argv=tuple(_text(w) for w in secrets.words([_bytes(word) for word in run.argv])),
        environ=dict(_redacted_entry(entry, secrets) for entry in run.environ.items()),
        hostname=text(run.hostname),
        distribution=(text(run.distribution[0]), text(run.distribution[1])),
        system=(text(run.system[0]), text(run.system[1])),
    )


def _redacted_entry(entry: tuple[str, str], secrets: Secrets) -> tuple[str, str]:
    name, value = entry
    whole = secrets.entry(_bytes(f"{name}={value}"))
    # A value that is looked for may be part of the name, which the program asks for
    clean = whole.partition(b"=")[2] if whole.startswith(_bytes(name) + b"=") else b""
    return name, _text(clean or secrets.text(_bytes(value)))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
