-- Tables that came later: a trace database of version 1 may lack them.

CREATE TABLE packages (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    manager TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    purl TEXT NOT NULL,
    size INTEGER
);

CREATE TABLE package_files (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    package INTEGER NOT NULL,
    name TEXT NOT NULL
);
