CREATE TABLE harvest (field text, year int, tonnes numeric(6, 2), PRIMARY KEY (field, year));
\copy harvest FROM 'harvest.csv' WITH (FORMAT csv, HEADER)
INSERT INTO harvest SELECT 'field ' || n, 2020 + n % 3, n * 1.25 FROM generate_series(1, 500) AS n;
CREATE VIEW best AS SELECT field, max(tonnes) AS tonnes, to_char(make_date(max(year), 7, 1), 'TMMonth YYYY') AS seen
  FROM harvest GROUP BY field;
ANALYZE harvest;
