/**
 * What resume tokens are checked against: the epochs of a numbered history, and the identity of each status topic with the
 * ends (next offsets, one for each partition) that it has certainly reached.
 */
export const statusHistory = `
CREATE TABLE history_epochs (
  number         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id             text NOT NULL,
  first_sequence bigint NOT NULL
);

CREATE TABLE status_logs (
  topic    text COLLATE "C" PRIMARY KEY,
  identity text NOT NULL,
  ends     text NOT NULL
);
`;
