"""Who a run is of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rpz.errors import CommandFailedError
from rpz.process import output_of
from rpz.tracer.facts import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "who"
GIT = {b"user.name": "git name", b"user.email": "git email", b"rpz.orcid": "orcid"}
"""Settings of git, by the names of the facts; ``git config --global rpz.orcid`` sets the last."""


def user() -> Iterator[Fact]:
    """Yield the names of the user, without asking another program."""
    import pwd

    try:
        entry = pwd.getpwuid(os.getuid())
    except KeyError:  # a container's user
        return
    yield Fact(TOPIC, "user", os.fsencode(entry.pw_name))
    if name := entry.pw_gecos.partition(",")[0]:
        yield Fact(TOPIC, "name", os.fsencode(name))


def identity() -> Iterator[Fact]:
    """Yield how the user is called in what is committed and published."""
    import shutil  # a run has ended by now

    if shutil.which("git") is None:
        return
    keys = "|".join(key.decode().replace(".", r"\.") for key in GIT)
    try:
        listed = output_of(
            ["git", "config", "--null", "--get-regexp", f"^({keys})$"], package="git", ok=(0, 1)
        )
    except CommandFailedError:  # settings that git can't read
        return
    pairs = dict(entry.split(b"\n", 1) for entry in listed.split(b"\0") if b"\n" in entry)
    yield from (Fact(TOPIC, name, pairs[key]) for key, name in GIT.items() if pairs.get(key))
