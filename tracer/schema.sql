-- The trace database, version 1. docs/trace-database.md describes every column.
-- The first three tables have ReproZip's columns, then ours.

CREATE TABLE processes (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    parent INTEGER,
    timestamp INTEGER NOT NULL,
    is_thread BOOLEAN NOT NULL,
    exitcode INTEGER,
    exit_timestamp INTEGER,
    tid INTEGER NOT NULL,
    user_time INTEGER,
    system_time INTEGER,
    peak_memory INTEGER,
    bytes_read INTEGER,
    bytes_written INTEGER
);
CREATE INDEX proc_parent_idx ON processes (parent);

CREATE TABLE opened_files (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    is_directory BOOLEAN NOT NULL,
    process INTEGER NOT NULL,
    existed BOOLEAN NOT NULL,
    truncated BOOLEAN NOT NULL
);
CREATE INDEX open_proc_idx ON opened_files (process);

CREATE TABLE executed_files (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    run_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER NOT NULL,
    argv TEXT NOT NULL,
    envp TEXT NOT NULL,
    workingdir TEXT NOT NULL
);
CREATE INDEX exec_proc_idx ON executed_files (process);

CREATE TABLE runs (
    id INTEGER NOT NULL PRIMARY KEY,
    engine TEXT NOT NULL,
    argv TEXT NOT NULL,
    workingdir TEXT NOT NULL,
    umask INTEGER NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    timestamp INTEGER NOT NULL,
    end_timestamp INTEGER,
    exitcode INTEGER,
    uid INTEGER NOT NULL,
    gid INTEGER NOT NULL,
    architecture TEXT NOT NULL,
    distribution TEXT NOT NULL,
    distribution_version TEXT NOT NULL,
    hostname TEXT NOT NULL,
    system TEXT NOT NULL,
    kernel TEXT NOT NULL,
    processors INTEGER,
    memory INTEGER,
    user_time INTEGER,
    system_time INTEGER,
    peak_memory INTEGER,
    name TEXT,
    bytes_read INTEGER,
    bytes_written INTEGER,
    calls_stopped INTEGER,
    calls_noticed INTEGER,
    calls_logged INTEGER,
    calls_repeated INTEGER,
    processes_accelerated INTEGER,
    looks_compared INTEGER,
    looks_different INTEGER
);

CREATE TABLE links (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    target TEXT NOT NULL
);

CREATE TABLE renames (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER NOT NULL,
    kind TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL
);

CREATE TABLE removals (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER NOT NULL,
    name TEXT NOT NULL,
    is_directory BOOLEAN NOT NULL
);

CREATE TABLE connections (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER NOT NULL,
    inbound BOOLEAN NOT NULL,
    family TEXT NOT NULL,
    protocol TEXT,
    address TEXT NOT NULL,
    operation TEXT NOT NULL
);

CREATE TABLE absent_files (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER NOT NULL
);

CREATE TABLE listings (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER NOT NULL,
    entries TEXT NOT NULL
);

CREATE TABLE snapshots (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    mode INTEGER NOT NULL,
    links INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    gid INTEGER NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    modified INTEGER NOT NULL
);

CREATE TABLE warnings (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER,
    text TEXT NOT NULL
);

CREATE TABLE digests (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    sha256 TEXT NOT NULL
);
