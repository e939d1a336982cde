/**
 * A slow processor call leaves its batch: its order waits like a retrying one, although no attempt has failed yet. So
 * `attempts` may be 0, and `unanswered` says that a call goes on.
 */
export const unansweredCalls = `
ALTER TABLE retrying_orders
  DROP CONSTRAINT parked_orders_attempts_check,
  ADD CONSTRAINT retrying_orders_attempts_check CHECK (attempts >= 0),
  ADD COLUMN unanswered boolean NOT NULL DEFAULT false;
`;
