/**
 * `partition_owners` has a row for each partition that was ever owned; `owner` is empty once it was released. `lone_orders` has
 * the orders that are or were processed alone after unclean ends.
 */
export const partitionOwners = `
CREATE TABLE partition_owners (
  topic        TEXT NOT NULL,
  partition    INTEGER NOT NULL,
  owner        TEXT NOT NULL,
  unclean_ends INTEGER NOT NULL,
  PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE lone_orders (
  order_id     TEXT PRIMARY KEY,
  topic        TEXT NOT NULL,
  partition    INTEGER NOT NULL,
  owner        TEXT NOT NULL,
  unclean_ends INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
