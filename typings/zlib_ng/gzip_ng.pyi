from typing import IO, Literal

class GzipNGFile:
    def __init__(
        self,
        filename: str,
        mode: Literal["wb"],
        compresslevel: int = ...,
        fileobj: IO[bytes] | None = ...,
        mtime: float | None = ...,
    ) -> None: ...
    def write(self, data: bytes) -> int: ...
    def close(self) -> None: ...

def open(filename: IO[bytes], mode: Literal["rb"]) -> IO[bytes]: ...
