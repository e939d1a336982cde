/** A row for each running process, with the time of its latest heartbeat. `partitions` is a JSON array of numbers. */
export const replicas = `
CREATE TABLE replicas (
  id         text COLLATE "C" PRIMARY KEY,
  role       text NOT NULL,
  version    text NOT NULL,
  node       text NOT NULL,
  host       text NOT NULL,
  pid        bigint NOT NULL,
  started_at bigint NOT NULL,
  seen_at    bigint NOT NULL,
  partitions text NOT NULL
);
`;
