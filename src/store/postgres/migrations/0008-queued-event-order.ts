/**
 * Events of an order may come from several partitions after the topic has grown, so an offset neither identifies nor sorts
 * them. Of those already queued, the ones of the order's own partition go first: the first of them placed the order. The
 * default lets workers of the previous version write until they are replaced.
 */
export const queuedEventOrder = `
ALTER TABLE retrying_events ADD COLUMN ordinal bigint NOT NULL DEFAULT 0;

UPDATE retrying_events AS event SET ordinal = queue.ordinal
FROM (
  SELECT e.order_id, e."offset", row_number() OVER (
      PARTITION BY e.order_id ORDER BY e.partition <> o.partition, e.partition, e."offset") - 1 AS ordinal
  FROM retrying_events e JOIN retrying_orders o ON o.order_id = e.order_id) AS queue
WHERE event.order_id = queue.order_id AND event."offset" = queue."offset";

ALTER TABLE retrying_events DROP CONSTRAINT retrying_events_pkey;
ALTER TABLE retrying_events ADD CONSTRAINT retrying_events_pkey PRIMARY KEY (order_id, partition, "offset");
`;
