"""How much memory the programs of a container may share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import APIClient


def shared_memory(engine: APIClient) -> int:
    """Return how many bytes ``/dev/shm`` may hold: half of the engine's memory.

    That is what Linux gives it (tmpfs(5)), and what the experiment had when it was traced; a
    container has 64 MB unless told, and a program that needs more is killed by SIGBUS.
    """
    return int(engine.info()["MemTotal"]) // 2
