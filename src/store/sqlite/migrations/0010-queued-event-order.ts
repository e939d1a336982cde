/**
 * Events of an order may come from several partitions after the topic has grown, so an offset neither identifies nor sorts
 * them. Of those already queued, the ones of the order's own partition go first: the first of them placed the order. The
 * default lets workers of the previous version write until they are replaced.
 */
export const queuedEventOrder = `
CREATE TABLE retrying_events_2 (
  order_id      TEXT NOT NULL,
  ordinal       INTEGER NOT NULL DEFAULT 0,
  "offset"      INTEGER NOT NULL,
  partition     INTEGER NOT NULL,
  key           BLOB,
  value         BLOB,
  headers       TEXT NOT NULL,
  log_timestamp INTEGER NOT NULL,
  PRIMARY KEY (order_id, partition, "offset")
) STRICT, WITHOUT ROWID;

INSERT INTO retrying_events_2 (order_id, ordinal, "offset", partition, key, value, headers, log_timestamp)
  SELECT e.order_id, row_number() OVER (
      PARTITION BY e.order_id ORDER BY e.partition <> o.partition, e.partition, e."offset") - 1,
    e."offset", e.partition, e.key, e.value, e.headers, e.log_timestamp
  FROM retrying_events e JOIN retrying_orders o ON o.order_id = e.order_id;

DROP TABLE retrying_events;
ALTER TABLE retrying_events_2 RENAME TO retrying_events;
`;
