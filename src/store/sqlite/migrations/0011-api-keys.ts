/** `hash` is the SHA-256 of a key's secret part; scopes are separated by spaces. */
export const apiKeys = `
CREATE TABLE api_keys (
  id          TEXT PRIMARY KEY,
  hash        TEXT NOT NULL,
  name        TEXT NOT NULL,
  owner       TEXT NOT NULL,
  customer_id TEXT,
  merchant_id TEXT,
  scopes      TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER,
  revoked_at  INTEGER,
  CHECK (customer_id IS NULL OR merchant_id IS NULL)
) STRICT, WITHOUT ROWID;
`;
