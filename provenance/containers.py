"""The container that a run is in, as far as it can be seen from inside (Linux).

Engines say little there. Apptainer and Shifter name their image by a variable, Podman in a file if
the container is privileged; Docker tells nothing, so who starts one says it (:data:`TOLD`).
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLES = {
    "APPTAINER_NAME": "apptainer",
    "SINGULARITY_NAME": "apptainer",
    "SHIFTER_IMAGEREQUEST": "shifter",
}
"""Variables by which engines name the image, and whose they are."""
FILES = {".dockerenv": "docker", "run/.containerenv": "podman"}
"""Files that engines put into their containers."""
TOLD = ("RPZ_CONTAINER_IMAGE", "CI_JOB_IMAGE", "JUPYTER_IMAGE_SPEC", "JUPYTER_IMAGE")
"""Variables by which those who start containers name the image: a person, GitLab, JupyterHub."""
KIND = "container"
"""The variable in which systemd-nspawn, LXC and Podman say what they are."""
LINE = re.compile(r'^(image|imageid)="?([^"\n]+)"?$', re.MULTILINE)
LONGEST = 1 << 16


@dataclass(frozen=True)
class Container:
    """An engine, and what is known of the image: "" where nothing is.

    ``image`` is its name; ``digest`` the SHA-256 by which the engine knows it, hexadecimal.
    """

    engine: str
    image: str = ""
    digest: str = ""


def container(environ: Mapping[str, str], root: Path) -> Container | None:
    """Return the container that has this environment and this root; None if it is none."""
    for name, engine in VARIABLES.items():
        if image := environ.get(name):
            return Container(engine, image)
    found = (kind for file, kind in FILES.items() if (root / file).exists())
    engine = next(found, "") or environ.get(KIND, "")
    if not engine:
        return None
    said = dict(LINE.findall(_text(root / "run/.containerenv")))
    image = next(filter(None, (environ.get(name) for name in TOLD)), said.get("image", ""))
    digest = said.get("imageid", "").removeprefix("sha256:")
    return Container(engine, image, digest if image == said.get("image") else "")


def _text(file: Path) -> str:
    with contextlib.suppress(OSError), file.open(encoding="utf-8", errors="replace") as opened:
        return opened.read(LONGEST)
    return ""
