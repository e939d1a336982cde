/**
 * A slow processor call leaves its batch: its order waits like a retrying one, although no attempt has failed yet. So
 * `attempts` may be 0, and `unanswered` says that a call goes on. SQLite cannot change a CHECK: the table is copied.
 */
export const unansweredCalls = `
CREATE TABLE retrying_orders_2 (
  order_id        TEXT PRIMARY KEY,
  topic           TEXT NOT NULL,
  partition       INTEGER NOT NULL,
  attempts        INTEGER NOT NULL CHECK (attempts >= 0),
  events          INTEGER NOT NULL CHECK (events >= 0),
  error           TEXT NOT NULL,
  first_failed_at INTEGER NOT NULL,
  failed_at       INTEGER NOT NULL,
  due_at          INTEGER NOT NULL,
  late_ms         INTEGER NOT NULL,
  completed       INTEGER NOT NULL DEFAULT 0,
  unanswered      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO retrying_orders_2 (order_id, topic, partition, attempts, events, error, first_failed_at, failed_at, due_at,
                               late_ms, completed)
  SELECT order_id, topic, partition, attempts, events, error, first_failed_at, failed_at, due_at, late_ms, completed
  FROM retrying_orders;

DROP TABLE retrying_orders;
ALTER TABLE retrying_orders_2 RENAME TO retrying_orders;

CREATE INDEX retrying_orders_by_due ON retrying_orders (topic, partition, due_at);
`;
