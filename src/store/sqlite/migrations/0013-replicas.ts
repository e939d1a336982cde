/** A row for each running process, with the time of its latest heartbeat. `partitions` is a JSON array of numbers. */
export const replicas = `
CREATE TABLE replicas (
  id         TEXT PRIMARY KEY,
  role       TEXT NOT NULL,
  version    TEXT NOT NULL,
  node       TEXT NOT NULL,
  host       TEXT NOT NULL,
  pid        INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  seen_at    INTEGER NOT NULL,
  partitions TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
