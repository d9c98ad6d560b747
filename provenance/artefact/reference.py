"""Where an artefact is: ``oci://HOST[:PORT]/NAME[:TAG|@DIGEST]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from rpz.provenance.artefact.errors import ArtefactError
from rpz.provenance.web.address import is_loopback

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"oci://(?P<host>[A-Za-z0-9.-]+(?::\d{{1,5}})?|\[[0-9a-f:]+\](?::\d{{1,5}})?)"
    rf"/(?P<name>{_PART}(?:/{_PART})*)"
    rf"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})|@(?P<digest>{DIGEST.pattern}))?"
)
"""Names and tags are those of the OCI distribution specification 1.1, "Pulling manifests"."""
HUB = "registry-1.docker.io"
"""The registry that is called docker.io."""


@dataclass(frozen=True)
class Reference:
    """A manifest in a registry; ``version`` is a tag, or a digest."""

    host: str
    name: str
    version: str = "latest"

    @property
    def is_digest(self) -> bool:
        """Whether it names what it is, not what it is called."""
        return bool(DIGEST.fullmatch(self.version))

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"oci://{self.host}/{self.name}{'@' if self.is_digest else ':'}{self.version}"

    def base(self, *, plain: bool = False) -> str:
        """Return the registry's address: without encryption on this machine, or if ``plain``."""
        host = HUB if self.host == "docker.io" else self.host
        bare = urlsplit(f"//{host}").hostname or ""
        return f"http{'' if plain or is_loopback(bare) else 's'}://{host}"


def reference(text: str) -> Reference:
    """Read a reference.

    Raises:
        ArtefactError: it has another form.

    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise ArtefactError(
            f"{text!r} is no place in a registry",
            "oci://ghcr.io/jane/figure1:v1 is one; names are in small letters",
        )
    version = found["tag"] or found["digest"] or "latest"
    return Reference(found["host"], found["name"], version)
