"""Images of containers as the profile has them (https://w3id.org/ro/wfrun/process/0.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rpz.provenance.graph.captions import printable

if TYPE_CHECKING:
    from rpz.provenance.export.names import Described

KINDS = "https://w3id.org/ro/terms/workflow-run#"
SIF = {"apptainer"}
"""Engines whose images are files; those of the others are in registries."""
NO_REGISTRY = "not known"
USUAL = "docker.io"
"""The registry of a name that has none, and in it the folder of a name that has none."""
NAME = re.compile(
    r"(?:docker:(?://)?)?(?:(?P<registry>localhost(?::\d+)?|[^/@]*[.:][^/@]*)/)?"
    r"(?P<name>[^:@\s]+)(?::(?P<tag>[\w.-]+))?(?:@sha256:(?P<sha256>[0-9a-f]{64}))?"
)
"""``[REGISTRY/]NAME[:TAG][@sha256:DIGEST]``: a first part with a dot or a port is a registry."""


def image_of(run: Described) -> dict[str, object] | None:
    """Return the properties of the image that a run was in; None if its name wasn't to be seen."""
    engine, _, image = printable(run.fact("where", "container")).partition(" ")
    if not image:
        return None
    kind = {"@id": f"{KINDS}{'SIFImage' if engine in SIF else 'DockerImage'}"}
    sha256 = run.fact("where", "container image id")
    found = None if engine in SIF else NAME.fullmatch(image)
    if found is None:
        return {"additionalType": kind, "registry": NO_REGISTRY, "name": image, "sha256": sha256}
    name, registry = found["name"], found["registry"] or USUAL
    return {
        "additionalType": kind,
        "registry": registry,
        "name": f"library/{name}" if registry == USUAL and "/" not in name else name,
        "tag": found["tag"] or ("" if found["sha256"] else "latest"),
        "sha256": found["sha256"] or sha256,
    }
