"""The image that a pack becomes (``docs/docker-image.md``): its layers and its configuration.

The same pack gives the same bytes, and so the same digests, whoever makes it, when and where.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpz.unpackers.image.assembly import assembled
from rpz.unpackers.image.configuration import configuration
from rpz.unpackers.image.plan import Plan
from rpz.unpackers.image.source import Source, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rpz.packer.archive.reader import Pack
    from rpz.unpackers.image.recipe import Layer

__all__ = ["Image", "flat", "image_of"]


@dataclass(frozen=True)
class Image:
    """An image that can be written; ``config`` is its configuration, as JSON.

    The layers' bytes come from ``source`` when they are asked for.
    """

    config: bytes
    layers: Sequence[Layer]
    source: Source

    @property
    def id(self) -> str:
        """The name by which an engine knows it: the digest of its configuration."""
        return f"sha256:{hashlib.sha256(self.config).hexdigest()}"


@contextlib.contextmanager
def image_of(pack: Pack) -> Iterator[Image]:
    """Yield the image of a pack: reads all of it once, to know the digests.

    Raises:
        HostileArchiveError: the packed files have a form that rpz doesn't write.
        UnfitForImageError: a file can't be in an image.
        NoInitError: there is no program to start the runs with.

    """
    plan = Plan(pack.config, can_seek=pack.index is not None)
    with _made(pack, plan) as image:
        yield image


@contextlib.contextmanager
def flat(pack: Pack) -> Iterator[Image]:
    """Yield the image with all in one layer, which is then the whole file system."""
    with _made(pack, Plan.flat()) as image:
        yield image


@contextlib.contextmanager
def _made(pack: Pack, plan: Plan) -> Iterator[Image]:
    with contextlib.ExitStack() as stack:
        made = assembled(pack, plan, stack)
        text = configuration(pack.config, made)
        yield Image(text, made.layers, stack.enter_context(opened(pack)))
