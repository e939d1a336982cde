/**
 * Every list filter has an index that ends in created_at and, as every index of SQLite does, in the rowid (seq). So each page
 * is one range scan in list order. `partition` and `"offset"` identify the command record that caused a change or became a
 * dead letter.
 */
export const orders = `
CREATE TABLE orders (
  seq         INTEGER PRIMARY KEY,
  id          TEXT NOT NULL UNIQUE,
  customer_id TEXT NOT NULL,
  merchant_id TEXT NOT NULL,
  currency    TEXT NOT NULL,
  total       INTEGER NOT NULL CHECK (total >= 0),
  status      TEXT NOT NULL,
  version     INTEGER NOT NULL CHECK (version >= 1),
  items       TEXT NOT NULL,
  metadata    TEXT,
  fingerprint TEXT,
  placed_by   TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX orders_by_time     ON orders (created_at);
CREATE INDEX orders_by_customer ON orders (customer_id, created_at);
CREATE INDEX orders_by_merchant ON orders (merchant_id, created_at);
CREATE INDEX orders_by_status   ON orders (status, created_at);

CREATE TABLE order_history (
  seq       INTEGER PRIMARY KEY,
  order_id  TEXT NOT NULL,
  version   INTEGER NOT NULL,
  status    TEXT NOT NULL,
  at        INTEGER NOT NULL,
  reason    TEXT,
  partition INTEGER NOT NULL,
  "offset"  INTEGER NOT NULL,
  UNIQUE (order_id, version)
) STRICT;

CREATE TABLE progress (
  topic       TEXT NOT NULL,
  partition   INTEGER NOT NULL,
  next_offset INTEGER NOT NULL CHECK (next_offset >= 0),
  PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
  id            INTEGER PRIMARY KEY,
  topic         TEXT NOT NULL,
  partition     INTEGER NOT NULL,
  "offset"      INTEGER NOT NULL,
  key           BLOB,
  value         BLOB,
  log_timestamp INTEGER NOT NULL,
  order_id      TEXT,
  reason        TEXT NOT NULL,
  error         TEXT NOT NULL,
  at            INTEGER NOT NULL,
  UNIQUE (topic, partition, "offset")
) STRICT;
`;
