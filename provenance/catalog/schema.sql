-- The catalogue of runs, version 1. docs/catalog.md describes every column.

CREATE TABLE runs (
    id INTEGER NOT NULL PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    argv TEXT NOT NULL,
    workingdir TEXT NOT NULL,
    started INTEGER NOT NULL,
    duration INTEGER,
    exitcode INTEGER,
    processor_time INTEGER,
    peak_memory INTEGER,
    hostname TEXT NOT NULL,
    distribution TEXT NOT NULL,
    distribution_version TEXT NOT NULL,
    architecture TEXT NOT NULL,
    kernel TEXT NOT NULL
);
CREATE INDEX run_started_idx ON runs (started);

CREATE TABLE places (
    run_id INTEGER NOT NULL,
    hostname TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    added INTEGER NOT NULL,
    PRIMARY KEY (hostname, path, number)
) WITHOUT ROWID;
CREATE INDEX place_run_idx ON places (run_id);

CREATE TABLE facts (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    UNIQUE (run_id, topic, name, value, source)
);

CREATE TABLE programs (
    run_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (run_id, name)
) WITHOUT ROWID;

CREATE TABLE contents (
    id INTEGER NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL
);

CREATE TABLE names (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE uses (
    content_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    name_id INTEGER NOT NULL,
    PRIMARY KEY (content_id, run_id, role, name_id)
) WITHOUT ROWID;

CREATE VIEW files AS
SELECT runs.uuid AS uuid, role, names.name AS name, sha256, size
FROM uses
JOIN runs ON runs.id = run_id
JOIN names ON names.id = name_id
JOIN contents ON contents.id = content_id;
