/**
 * `parked_orders` has one row per retrying order; `events` counts its rows in `parked_events`. `settled` marks an order whose
 * retry succeeded or was given up; its row stays until the effects are published. (A later migration renames both.)
 *
 * `partition` and `"offset"` of a dead letter identify the latest record that failed, so they change when a replay fails. The
 * payload columns come last, so that searches do not read them. Lists use an index that ends in failed_at; replays read the
 * dead letters of a state by id, from `dead_letters_in_turn`.
 */
export const parkingAndDeadLetters = `
CREATE TABLE parked_orders (
  order_id        TEXT PRIMARY KEY,
  topic           TEXT NOT NULL,
  partition       INTEGER NOT NULL,
  attempts        INTEGER NOT NULL CHECK (attempts >= 1),
  events          INTEGER NOT NULL CHECK (events >= 0),
  error           TEXT NOT NULL,
  first_failed_at INTEGER NOT NULL,
  failed_at       INTEGER NOT NULL,
  due_at          INTEGER NOT NULL,
  late_ms         INTEGER NOT NULL,
  settled         INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX parked_orders_by_due ON parked_orders (topic, partition, due_at);

CREATE TABLE parked_events (
  order_id      TEXT NOT NULL,
  "offset"      INTEGER NOT NULL,
  partition     INTEGER NOT NULL,
  key           BLOB,
  value         BLOB,
  headers       TEXT NOT NULL,
  log_timestamp INTEGER NOT NULL,
  PRIMARY KEY (order_id, "offset")
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters_2 (
  id              INTEGER PRIMARY KEY,
  topic           TEXT NOT NULL,
  partition       INTEGER NOT NULL,
  "offset"        INTEGER NOT NULL,
  log_timestamp   INTEGER NOT NULL,
  order_id        TEXT,
  reason          TEXT NOT NULL,
  error           TEXT NOT NULL,
  attempts        INTEGER NOT NULL,
  first_failed_at INTEGER NOT NULL,
  failed_at       INTEGER NOT NULL,
  replay_count    INTEGER NOT NULL DEFAULT 0,
  state           TEXT NOT NULL DEFAULT 'open',
  key             BLOB,
  value           BLOB,
  UNIQUE (topic, partition, "offset")
) STRICT;

INSERT INTO dead_letters_2 (id, topic, partition, "offset", key, value, log_timestamp, order_id, reason, error,
                            attempts, first_failed_at, failed_at)
  SELECT id, topic, partition, "offset", key, value, log_timestamp, order_id, reason, error, 1, at, at
  FROM dead_letters;

DROP TABLE dead_letters;
ALTER TABLE dead_letters_2 RENAME TO dead_letters;

CREATE INDEX dead_letters_by_time             ON dead_letters (failed_at);
CREATE INDEX dead_letters_by_order            ON dead_letters (order_id, failed_at);
CREATE INDEX dead_letters_by_state            ON dead_letters (state, failed_at);
CREATE INDEX dead_letters_by_reason           ON dead_letters (reason, failed_at);
CREATE INDEX dead_letters_by_state_and_reason ON dead_letters (state, reason, failed_at);
CREATE INDEX dead_letters_in_turn             ON dead_letters (state);

CREATE TABLE dead_letter_audit (
  id        INTEGER PRIMARY KEY,
  letter_id INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  act       TEXT NOT NULL,
  by        TEXT NOT NULL,
  detail    TEXT NOT NULL
) STRICT;

CREATE INDEX dead_letter_audit_by_letter ON dead_letter_audit (letter_id, id);
`;
