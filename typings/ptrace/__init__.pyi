class PtraceError(Exception):
    errno: int | None
    pid: int | None
    def __init__(self, message: str, errno: int | None = ..., pid: int | None = ...) -> None: ...
