"""What a ``config.yml`` may ask of a machine: YAML lets a small file mean a great deal.

Nodes are built by a C library that nests its calls as deeply as the file says, until the process
crashes; an alias repeats what it names, and so may what is repeated. Events have neither problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from rpz.packer.config.faults import ConfigError, position

DEEPEST = 32
"""Lists and mappings inside each other; ``config.yml`` has five."""
MOST_NODES = 1 << 24
"""Values in all; an input takes ten, and a run may have a million."""
MOST_REPEATED = 1 << 16
"""Values and characters that aliases may repeat in all; writers make some for short lists."""


@dataclass
class Bounds:
    """What was met so far of a file: how much each anchor names, and the open collections."""

    name: str
    nodes: int = 0
    repeated: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    open: list[tuple[str | None, int]] = field(default_factory=list)
    size: int = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event of the file, before a node is made of it.

        Raises:
            ConfigError: it nests too deeply, holds too much, or repeats too much.

        """
        if isinstance(event, yaml.ScalarEvent):
            self._begin(event)
            if event.anchor:
                self.sizes[event.anchor] = 1 + len(event.value)
            self.size += 1 + len(event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
            self.open.append((event.anchor, self.size))
            self.size += 1
            if len(self.open) > DEEPEST:
                raise self._error(event, "too many lists inside each other")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.open.pop()
            if anchor:
                self.sizes[anchor] = self.size - before
        elif isinstance(event, yaml.AliasEvent):
            self._repeat(event)

    def _begin(self, event: yaml.Event) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self._error(event, "too many values")

    def _repeat(self, event: yaml.AliasEvent) -> None:
        """Add up what an alias repeats; of one inside of what it names that has no end."""
        if any(anchor == event.anchor for anchor, _ in self.open):
            raise self._error(event, "an alias of what it is in")
        size = self.sizes.get(event.anchor or "", 0)
        self.size += size
        self.repeated += size
        if self.repeated > MOST_REPEATED:
            raise self._error(event, "aliases that repeat too much")

    def _error(self, event: yaml.Event, what: str) -> ConfigError:
        mark = event.start_mark
        place = position(mark.line, mark.column) if mark else ""
        return ConfigError(f"{self.name}{place}: {what}")
