from typing import IO, Literal

def open(
    filename: IO[bytes],
    mode: Literal["rb", "wb"],
    compresslevel: int = ...,
    *,
    threads: int = ...,
    block_size: int = ...,
) -> IO[bytes]: ...
