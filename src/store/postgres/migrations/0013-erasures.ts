/**
 * Who erased a customer's personal data, and when. `customer_hash` is an HMAC of the customer id with the row's own `salt`, so the
 * table has no personal data, but can tell whether a given customer was erased. `counts` is a JSON object.
 */
export const erasures = `
CREATE TABLE erasures (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_hash text NOT NULL,
  salt          text NOT NULL,
  requested_by  text NOT NULL,
  requested_at  bigint NOT NULL,
  completed_at  bigint,
  counts        text NOT NULL DEFAULT '{}'
);
`;
