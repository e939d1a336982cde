/**
 * Why an order failed, for operators. `error_detail` is an `ErrorDetail` as JSON, `operator_reason` what the processor said, and
 * `attempts` how often the processor was called for this status. All are null in rows of the previous version.
 *
 * The customer and merchant of a retrying order are known only from its record, so they are columns for the lists. Lists of dead
 * letters show the unresolved ones unless they name a state.
 */
export const errorDetails = `
ALTER TABLE order_history ADD COLUMN attempts INTEGER;
ALTER TABLE order_history ADD COLUMN operator_reason TEXT;
ALTER TABLE order_history ADD COLUMN error_detail TEXT;

ALTER TABLE retrying_orders ADD COLUMN error_detail TEXT;
ALTER TABLE retrying_orders ADD COLUMN customer_id TEXT;
ALTER TABLE retrying_orders ADD COLUMN merchant_id TEXT;

CREATE INDEX retrying_orders_soonest     ON retrying_orders (due_at, order_id) WHERE NOT completed;
CREATE INDEX retrying_orders_by_customer ON retrying_orders (customer_id, due_at, order_id) WHERE NOT completed;
CREATE INDEX retrying_orders_by_merchant ON retrying_orders (merchant_id, due_at, order_id) WHERE NOT completed;

ALTER TABLE dead_letters ADD COLUMN error_detail TEXT;

CREATE INDEX dead_letters_unresolved           ON dead_letters (failed_at)
  WHERE state IN ('open', 'replaying', 'exhausted');
CREATE INDEX dead_letters_unresolved_by_reason ON dead_letters (reason, failed_at)
  WHERE state IN ('open', 'replaying', 'exhausted');
`;
