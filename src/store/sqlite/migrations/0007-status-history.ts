/**
 * What resume tokens are checked against: the epochs of a numbered history, and the identity of each status topic with the
 * ends (next offsets, one for each partition) that it has certainly reached.
 */
export const statusHistory = `
CREATE TABLE history_epochs (
  number         INTEGER PRIMARY KEY,
  id             TEXT NOT NULL,
  first_sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE status_logs (
  topic    TEXT PRIMARY KEY,
  identity TEXT NOT NULL,
  ends     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;
