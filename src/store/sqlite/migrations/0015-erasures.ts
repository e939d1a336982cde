/**
 * Who erased a customer's personal data, and when. `customer_hash` is an HMAC of the customer id with the row's own `salt`, so the
 * table has no personal data, but can tell whether a given customer was erased. `counts` is a JSON object.
 */
export const erasures = `
CREATE TABLE erasures (
  id            INTEGER PRIMARY KEY,
  customer_hash TEXT NOT NULL,
  salt          TEXT NOT NULL,
  requested_by  TEXT NOT NULL,
  requested_at  INTEGER NOT NULL,
  completed_at  INTEGER,
  counts        TEXT NOT NULL DEFAULT '{}'
) STRICT;
`;
