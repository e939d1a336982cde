/**
 * `parked_orders` has one row per retrying order; `events` counts its rows in `parked_events`. `settled` marks an order whose
 * retry succeeded or was given up; its row stays until the effects are published. (A later migration renames both.)
 *
 * `partition` and `"offset"` of a dead letter identify the latest record that failed, so they change when a replay fails.
 * Lists use an index that ends in failed_at and id; replays read the dead letters of a state by id, from
 * `dead_letters_in_turn`.
 */
export const parkingAndDeadLetters = `
CREATE TABLE parked_orders (
  order_id        text COLLATE "C" PRIMARY KEY,
  topic           text COLLATE "C" NOT NULL,
  partition       bigint NOT NULL,
  attempts        bigint NOT NULL CHECK (attempts >= 1),
  events          bigint NOT NULL CHECK (events >= 0),
  error           text NOT NULL,
  first_failed_at bigint NOT NULL,
  failed_at       bigint NOT NULL,
  due_at          bigint NOT NULL,
  late_ms         bigint NOT NULL,
  settled         boolean NOT NULL DEFAULT false
);

CREATE INDEX parked_orders_by_due ON parked_orders (topic, partition, due_at);

CREATE TABLE parked_events (
  order_id      text COLLATE "C" NOT NULL,
  "offset"      bigint NOT NULL,
  partition     bigint NOT NULL,
  key           bytea,
  value         bytea,
  headers       text NOT NULL,
  log_timestamp bigint NOT NULL,
  PRIMARY KEY (order_id, "offset")
);

CREATE TABLE dead_letters (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic           text COLLATE "C" NOT NULL,
  partition       bigint NOT NULL,
  "offset"        bigint NOT NULL,
  log_timestamp   bigint NOT NULL,
  order_id        text COLLATE "C",
  reason          text COLLATE "C" NOT NULL,
  error           text NOT NULL,
  attempts        bigint NOT NULL,
  first_failed_at bigint NOT NULL,
  failed_at       bigint NOT NULL,
  replay_count    bigint NOT NULL,
  state           text COLLATE "C" NOT NULL,
  key             bytea,
  value           bytea,
  UNIQUE (topic, partition, "offset")
);

CREATE INDEX dead_letters_by_time             ON dead_letters (failed_at, id);
CREATE INDEX dead_letters_by_order            ON dead_letters (order_id, failed_at, id);
CREATE INDEX dead_letters_by_state            ON dead_letters (state, failed_at, id);
CREATE INDEX dead_letters_by_reason           ON dead_letters (reason, failed_at, id);
CREATE INDEX dead_letters_by_state_and_reason ON dead_letters (state, reason, failed_at, id);
CREATE INDEX dead_letters_in_turn             ON dead_letters (state, id);

CREATE TABLE dead_letter_audit (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  letter_id bigint NOT NULL,
  at        bigint NOT NULL,
  act       text NOT NULL,
  by        text NOT NULL,
  detail    text NOT NULL
);

CREATE INDEX dead_letter_audit_by_letter ON dead_letter_audit (letter_id, id);
`;
