"""The rows of the trace database: one class a table (``docs/trace-database.md``).

Names, argument lists and environments are ``bytes``: SQLite's TEXT holds them as they were, valid
UTF-8 or not. A row is a tuple of its columns, which SQLite takes as it is: a long trace has
millions, and a dataclass costs five times as much to make.
"""

from typing import Any, NamedTuple

WORD = 1 << 64
"""What numbers of 64 bits are taken modulo: SQLite's have a sign."""


class RunRow(NamedTuple):
    """One run: a command, from its start to the end of its last process."""

    id: int
    engine: str
    argv: bytes
    workingdir: bytes
    umask: int
    started: int
    ended: int | None
    timestamp: int
    end_timestamp: int | None
    exitcode: int | None
    uid: int
    gid: int
    architecture: str
    distribution: str
    distribution_version: str
    hostname: str
    system: str
    kernel: str
    processors: int | None
    memory: int | None
    user_time: int | None
    system_time: int | None
    peak_memory: int | None
    name: str | None = None
    bytes_read: int | None = None
    bytes_written: int | None = None
    calls_stopped: int | None = None
    calls_noticed: int | None = None
    calls_logged: int | None = None
    calls_repeated: int | None = None
    processes_accelerated: int | None = None
    looks_compared: int | None = None
    looks_different: int | None = None

    @property
    def label(self) -> str:
        """The name of the run, given or not: it tells the run from the others of its trace."""
        return self.name or f"run{self.id}"


class ProcessRow(NamedTuple):
    """One process or thread."""

    id: int
    run_id: int
    parent: int | None
    timestamp: int
    is_thread: bool
    exitcode: int | None
    exit_timestamp: int | None
    tid: int
    user_time: int | None
    system_time: int | None
    peak_memory: int | None
    bytes_read: int | None = None
    bytes_written: int | None = None


class FileRow(NamedTuple):
    """One use of one file: ``mode`` is a :class:`rpz.tracer.records.Mode`."""

    id: int
    run_id: int
    name: bytes
    timestamp: int
    mode: int
    is_directory: bool
    process: int
    existed: bool
    truncated: bool


class ExecutionRow(NamedTuple):
    """One successful exec; ``argv`` and ``envp`` end each element with a NUL."""

    id: int
    name: bytes
    run_id: int
    timestamp: int
    process: int
    argv: bytes
    envp: bytes
    workingdir: bytes


class LinkRow(NamedTuple):
    """One symbolic link that was followed, as it was then."""

    id: int
    run_id: int
    name: bytes
    timestamp: int
    target: bytes


class RenameRow(NamedTuple):
    """One name given or moved: ``kind`` is rename, exchange or hardlink."""

    id: int
    run_id: int
    timestamp: int
    process: int
    kind: str
    old: bytes
    new: bytes


class RemovalRow(NamedTuple):
    """One name removed."""

    id: int
    run_id: int
    timestamp: int
    process: int
    name: bytes
    is_directory: bool


class ConnectionRow(NamedTuple):
    """One socket given an address: ``operation`` is connect, accept, bind or sendto."""

    id: int
    run_id: int
    timestamp: int
    process: int
    inbound: bool
    family: str
    protocol: str | None
    address: str
    operation: str


class AbsentRow(NamedTuple):
    """One file that was looked for and was not there."""

    id: int
    run_id: int
    name: bytes
    timestamp: int
    process: int


class ListingRow(NamedTuple):
    """One listing of a folder: ``entries`` are a letter for the type and a name, then a NUL."""

    id: int
    run_id: int
    name: bytes
    timestamp: int
    process: int
    entries: bytes


class SnapshotRow(NamedTuple):
    """What a file was before a run changed it: ``kind`` is content, status, too_large or failed."""

    id: int
    run_id: int
    name: bytes
    timestamp: int
    process: int
    kind: str
    number: int
    mode: int
    links: int
    uid: int
    gid: int
    device: int
    inode: int
    size: int
    accessed: int
    modified: int

    @property
    def place(self) -> tuple[int, int]:
        """Device and inode, which tell that two names are one file, as ``os.stat`` has them."""
        return self.device % WORD, self.inode % WORD


class DigestRow(NamedTuple):
    """The SHA-256 of a file after a run; ``role`` is input or output."""

    id: int
    run_id: int
    name: bytes
    role: str
    size: int
    modified: int
    sha256: str


class WarningRow(NamedTuple):
    """Something that makes the trace less sure."""

    id: int
    run_id: int
    timestamp: int
    process: int | None
    text: bytes


class RandomRow(NamedTuple):
    """A program got random bytes from the kernel: ``size`` is what it first asked for."""

    id: int
    run_id: int
    timestamp: int
    process: int
    size: int


class FactRow(NamedTuple):
    """What is known of a run beside what it did (``docs/run-record.md``)."""

    id: int
    run_id: int
    topic: str
    name: str
    value: bytes
    source: bytes


class PackageRow(NamedTuple):
    """One package of which a run has read files; ``size`` is in bytes, of all its files."""

    id: int
    run_id: int
    manager: str
    name: str
    version: str
    purl: str
    size: int | None


class PackageFileRow(NamedTuple):
    """One file that a run has read, and the :class:`PackageRow` that it is of."""

    id: int
    run_id: int
    package: int
    name: bytes


TABLES: dict[type[Any], str] = {
    RunRow: "runs",
    ProcessRow: "processes",
    FileRow: "opened_files",
    ExecutionRow: "executed_files",
    LinkRow: "links",
    RenameRow: "renames",
    RemovalRow: "removals",
    ConnectionRow: "connections",
    AbsentRow: "absent_files",
    ListingRow: "listings",
    SnapshotRow: "snapshots",
    WarningRow: "warnings",
    DigestRow: "digests",
    FactRow: "facts",
    RandomRow: "random_bytes",
    PackageRow: "packages",
    PackageFileRow: "package_files",
}
