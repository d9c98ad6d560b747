-- A table that came later: a trace database of version 1 may lack it.

CREATE TABLE random_bytes (
    id INTEGER NOT NULL PRIMARY KEY,
    run_id INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    process INTEGER NOT NULL,
    size INTEGER NOT NULL
);
