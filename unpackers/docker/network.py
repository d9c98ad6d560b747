"""Whether a container has a network: chosen for each run, while it stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from docker import APIClient

NONE, BRIDGE = "none", "bridge"
"""The network without any but a loopback, and the engine's own, which leads outside."""


def choose(engine: APIClient, container: str, *, network: bool) -> None:
    """Join a container to the engine's network, or to none.

    One that publishes ports keeps its own, as does one whose network the user has chosen.
    """
    found = engine.inspect_container(container)
    host = found["HostConfig"]
    if host.get("PortBindings") or host.get("NetworkMode") not in (NONE, "default", BRIDGE):
        return
    wanted = BRIDGE if network else NONE
    joined = set(found["NetworkSettings"]["Networks"])
    if joined == {wanted}:
        return
    api = cast("Any", engine)
    for name in joined - {wanted}:
        api.disconnect_container_from_network(container, name)
    api.connect_container_to_network(container, wanted)
