"""What runs were made with, and took: the part of the README on hardware and software."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rpz.errors import first_of
from rpz.packer.sizes import human_size
from rpz.provenance.export.markdown import code, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.packer.config.model import Package
    from rpz.provenance.export.account import Account

SECOND = 1e9
MOST = 60
"""Packages that are named one by one: the bill of materials has all."""


def needs(accounts: Sequence[Account], unpacked: int | None) -> Iterator[str]:
    """Yield the lines; ``unpacked`` is how many bytes of disk the pack takes then, if there is one.

    Runs on the same machine have one table.
    """
    yield from ("## Hardware and software", "")
    machines: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for account in accounts:
        machines.setdefault(tuple(_machine(account)), []).append(plain(account.run.label))
    for rows, labels in machines.items():
        of = "The runs were" if len(labels) == len(accounts) else f"{', '.join(labels)}:"
        yield from (f"{of} made with:", "", *table(("", ""), rows))
    yield "To run again, it needs Linux on a processor of this architecture, the memory and disk"
    yield from ("below, and Python 3.10 or later with rpz.", "")
    head = ("run", "measured time", "processor time", "memory", "outputs on disk")
    yield from table(head, map(_resources, accounts))
    if unpacked is not None:
        yield from (f"Unpacked, the pack takes {human_size(unpacked)} of disk.", "")
    yield from _packages(accounts)


def _machine(account: Account) -> Iterator[tuple[str, str]]:
    run, fact = account.run, account.described.fact
    processors = f", {run.processors} logical processors" if run.processors else ""
    system = f"{run.distribution} {run.distribution_version}".strip()
    told = {
        "processor": f"{fact('where', 'processor') or run.architecture}{processors}",
        "architecture": run.architecture,
        "graphics processor": fact("where", "gpu"),
        "memory of the machine": human_size(run.memory) if run.memory else "",
        "operating system": f"{system}, {run.system} {run.kernel}",
        "container": fact("where", "container"),
        "interpreters": ", ".join(_interpreters(account)),
    }
    yield from ((name, plain(value)) for name, value in told.items() if value)


def _interpreters(account: Account) -> list[str]:
    facts = (f for f in account.described.facts if (f.topic, f.name) == ("program", "interpreter"))
    return sorted({fact.value.decode("utf-8", "backslashreplace") for fact in facts})


def _resources(account: Account) -> tuple[str, str, str, str, str]:
    run = account.run
    times = [time for time in (run.user_time, run.system_time) if time is not None]
    sizes = [file.content.size for file in account.outputs if file.content is not None]
    return (
        plain(run.label),
        _seconds(account.wall),
        _seconds(sum(times) if times else None),
        plain(human_size(run.peak_memory)) if run.peak_memory else "?",
        plain(human_size(sum(sizes))) if len(sizes) == len(account.outputs) else "?",
    )


def _seconds(nanoseconds: int | None) -> str:
    return "?" if nanoseconds is None else f"{nanoseconds / SECOND:.2f} s"


def _packages(accounts: Sequence[Account]) -> Iterator[str]:
    used = {p.key: p for account in accounts for p in account.packages}
    if not used:
        return
    names = first_of([*map(_package, used.values())], MOST)
    yield f"Packages that the runs used: {names}. All that are packed, as others read it:"
    yield from ("[bom.cdx.json](bom.cdx.json), [bom.spdx.json](bom.spdx.json).", "")


def _package(package: Package) -> str:
    return code(f"{package.name} {package.version}".strip())
