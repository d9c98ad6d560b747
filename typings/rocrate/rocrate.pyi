from typing import Any

from rocrate.model.entity import Entity

class Metadata:
    extra_terms: dict[str, str]
    def generate(self) -> dict[str, Any]: ...

class ROCrate:
    metadata: Metadata
    root_dataset: Entity
    def __init__(self, *, version: str = ...) -> None: ...
    def add(self, *entities: Entity) -> Any: ...
    def __contains__(self, entity_id: str) -> bool: ...
