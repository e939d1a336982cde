/**
 * `order_retention` has at most one row: which process deletes closed orders, when it was last seen, and the time before which
 * orders may have been deleted. The index has only closed orders, so new orders cost nothing more.
 */
export const orderRetention = `
CREATE TABLE order_retention (
  id             bigint PRIMARY KEY CHECK (id = 1),
  owner          text NOT NULL,
  seen_at        bigint NOT NULL,
  deleted_before bigint NOT NULL
);

CREATE INDEX orders_closed ON orders (updated_at, seq) WHERE status IN ('delivered', 'cancelled', 'rejected', 'failed');
`;
