/**
 * `order_retention` has at most one row: which process deletes closed orders, when it was last seen, and the time before which
 * orders may have been deleted. The index has only closed orders, so new orders cost nothing more.
 */
export const orderRetention = `
CREATE TABLE order_retention (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  owner          TEXT NOT NULL,
  seen_at        INTEGER NOT NULL,
  deleted_before INTEGER NOT NULL
) STRICT;

CREATE INDEX orders_closed ON orders (updated_at) WHERE status IN ('delivered', 'cancelled', 'rejected', 'failed');
`;
