from io import FileIO

from ptrace import PtraceError

class PtraceProcess:
    pid: int
    read_mem_file: FileIO | None
    def __init__(
        self,
        debugger: PtraceDebugger,
        pid: int,
        is_attached: bool,
        parent: PtraceProcess | None = ...,
        is_thread: bool = ...,
    ) -> None: ...
    def setreg(self, name: str, value: int) -> None: ...
    def readBytes(self, address: int, size: int) -> bytes: ...
    def writeBytes(self, address: int, data: bytes, /) -> None: ...
    def processTerminated(self) -> object: ...

class PtraceDebugger:
    dict: dict[int, PtraceProcess]
    list: list[PtraceProcess]

class ProcessError(PtraceError):
    process: PtraceProcess
    def __init__(self, process: PtraceProcess, message: str) -> None: ...
