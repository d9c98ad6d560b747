"""How the container is made: what its user has chosen when he unpacked."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, cast

from docker.types import DeviceRequest
from docker.utils.ports import build_port_bindings

from rpz.unpackers.choices import Choice, Takes
from rpz.unpackers.docker import x11
from rpz.unpackers.docker.engine import is_podman
from rpz.unpackers.docker.memory import shared_memory
from rpz.unpackers.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docker import APIClient

    from rpz.unpackers.choices import Choices

log = logging.getLogger(__name__)

BASE, PUBLISH, OPTION, X11, GPUS = "base", "publish", "engine-option", "x11", "gpus"
PUSH = "push"
CHOICES: Sequence[Choice] = (
    Choice(
        BASE,
        "Build upon this image, and install the packages there that were left out of the pack;"
        " auto: the distribution's own.",
        metavar="IMAGE|auto",
    ),
    Choice(
        PUBLISH,
        "Let the host's port lead to one of the experiment's.",
        Takes.TEXTS,
        "[[ADDRESS:]HOST:]PORT[/udp]",
    ),
    Choice(X11, "Let programs open windows on this machine's display.", Takes.NOTHING),
    Choice(GPUS, "Give the experiment all graphics processors.", Takes.NOTHING),
    Choice(
        OPTION,
        "A setting of the container's host configuration, as the engine's API names it; VALUE is"
        " JSON or text (ShmSize=1073741824).",
        Takes.TEXTS,
        "NAME=VALUE",
    ),
    Choice(PUSH, "Push the image to a registry, too.", metavar="HOST/NAME[:TAG]"),
)


def host_configuration(engine: APIClient, choices: Choices) -> dict[str, Any]:
    """Return the ``HostConfig`` of the engine's API that choices ask for.

    Raises:
        TargetError: a choice isn't of its form.

    """
    found: dict[str, Any] = {"shm_size": shared_memory(engine)}
    if ports := _texts(choices, PUBLISH):
        found["port_bindings"] = _bindings(ports)
    elif not is_podman(engine):  # which couldn't join one later
        found["network_mode"] = "none"
    if choices.get(X11):
        found["binds"] = [x11.BIND]
    if choices.get(GPUS):
        found["device_requests"] = [DeviceRequest(count=-1, capabilities=[["gpu"]])]
    host = cast("dict[str, Any]", cast("Any", engine).create_host_config(**found))
    return {**host, **dict(map(_option, _texts(choices, OPTION)))}


def created(engine: APIClient, image: str, host: dict[str, Any]) -> str:
    """Make a container with a host configuration; return its id."""
    ports = [tuple(port.split("/")) for port in host.get("PortBindings", ())]
    made = engine.create_container(
        image,
        stdin_open=True,
        ports=cast("Any", ports),
        host_config=cast("Any", host),
    )
    return str(made["Id"])


def _texts(choices: Choices, name: str) -> Sequence[str]:
    return cast("Sequence[str]", choices.get(name, ()))


def _bindings(ports: Sequence[str]) -> dict[str, Any]:
    try:
        return dict(build_port_bindings(list(ports)))
    except ValueError as error:
        raise TargetError(
            f"{', '.join(ports)} can't be published: {error}".rstrip("."),
            "Write: --publish HOST:PORT",
        ) from None


def _option(text: str) -> tuple[str, Any]:
    name, is_there, value = text.partition("=")
    if not (name and is_there):
        raise TargetError(f"{text!a} is no engine option", "Write: --engine-option NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
