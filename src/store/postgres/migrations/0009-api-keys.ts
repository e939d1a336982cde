/** `hash` is the SHA-256 of a key's secret part; scopes are separated by spaces. */
export const apiKeys = `
CREATE TABLE api_keys (
  id          text COLLATE "C" PRIMARY KEY,
  hash        text NOT NULL,
  name        text NOT NULL,
  owner       text NOT NULL,
  customer_id text,
  merchant_id text,
  scopes      text NOT NULL,
  created_at  bigint NOT NULL,
  expires_at  bigint,
  revoked_at  bigint,
  CHECK (customer_id IS NULL OR merchant_id IS NULL)
);
`;
