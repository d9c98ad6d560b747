from typing import Any

from rocrate.model.entity import Entity

class File(Entity):
    def __init__(
        self,
        crate: Any,
        source: Any = ...,
        dest_path: str | None = ...,
        *,
        properties: dict[str, Any] | None = ...,
    ) -> None: ...
