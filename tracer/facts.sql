-- A table that came later: a trace database of version 1 may lack it.

CREATE TABLE facts (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL
);
