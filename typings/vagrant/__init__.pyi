from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import IO, NamedTuple

class Status(NamedTuple):
    name: str
    state: str
    provider: str

class Plugin(NamedTuple):
    name: str
    version: str
    system: bool

def devnull_cm() -> AbstractContextManager[IO[str]]: ...

class Vagrant:
    NOT_CREATED: str
    def __init__(
        self,
        root: str | None = None,
        quiet_stdout: bool = True,
        quiet_stderr: bool = True,
        env: Mapping[str, str] | None = None,
        out_cm: Callable[[], AbstractContextManager[IO[str]]] | None = None,
        err_cm: Callable[[], AbstractContextManager[IO[str]]] | None = None,
    ) -> None: ...
    def up(self, *, provider: str | None = None, stream_output: bool = False) -> Iterator[str]: ...
    def suspend(self) -> None: ...
    def destroy(self) -> None: ...
    def status(self) -> list[Status]: ...
    def ssh_config(self, vm_name: str | None = None) -> str: ...
    def plugin_list(self) -> list[Plugin]: ...
