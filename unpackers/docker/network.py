"""Whether a container has a network: chosen for each run, while it stands still."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

from docker.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection

    from docker import APIClient

NONE = frozenset({"none"})
"""What Docker calls having no network; Podman has no name for it."""
OWN = frozenset({"bridge", "podman"})
"""What Docker and Podman call their own network, which leads outside."""
CHOSEN_BY_RPZ = frozenset({"", "default", "slirp4netns"}) | NONE | OWN


def choose(engine: APIClient, container: str, *, network: bool) -> None:
    """Join a container to the engine's network, or to none.

    One that publishes ports keeps its own, as does one whose network the user has chosen.
    """
    found = engine.inspect_container(container)
    host = found["HostConfig"]
    if host.get("PortBindings") or host.get("NetworkMode", "") not in CHOSEN_BY_RPZ:
        return
    wanted = OWN if network else NONE
    joined = set(found["NetworkSettings"]["Networks"] or ())
    for name in joined - wanted:
        cast("Any", engine).disconnect_container_from_network(container, name)
    if not joined & wanted:
        _join(engine, container, wanted)


def _join(engine: APIClient, container: str, names: Collection[str]) -> None:
    """Join a container to the one of some networks that the engine has."""
    for name in sorted(names):
        with contextlib.suppress(NotFound):
            cast("Any", engine).connect_container_to_network(container, name)
            return
