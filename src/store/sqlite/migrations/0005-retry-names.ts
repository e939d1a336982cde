/** Names the tables of retries after what they hold. The dead-letter state `parked` becomes `exhausted`. */
export const retryNames = `
DROP INDEX parked_orders_by_due;
ALTER TABLE parked_orders RENAME TO retrying_orders;
ALTER TABLE retrying_orders RENAME COLUMN settled TO completed;
ALTER TABLE parked_events RENAME TO retrying_events;
CREATE INDEX retrying_orders_by_due ON retrying_orders (topic, partition, due_at);

UPDATE dead_letters SET state = 'exhausted' WHERE state = 'parked';
`;
