/** Names the tables of retries after what they hold. The dead-letter state `parked` becomes `exhausted`. */
export const retryNames = `
ALTER TABLE parked_orders RENAME TO retrying_orders;
ALTER TABLE retrying_orders RENAME COLUMN settled TO completed;
ALTER TABLE retrying_orders RENAME CONSTRAINT parked_orders_pkey TO retrying_orders_pkey;
ALTER TABLE parked_events RENAME TO retrying_events;
ALTER TABLE retrying_events RENAME CONSTRAINT parked_events_pkey TO retrying_events_pkey;
ALTER INDEX parked_orders_by_due RENAME TO retrying_orders_by_due;

UPDATE dead_letters SET state = 'exhausted' WHERE state = 'parked';
`;
