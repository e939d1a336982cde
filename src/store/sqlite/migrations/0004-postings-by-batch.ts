/** Postings are written by a statement a batch (`insertPostings`): a trigger makes a segment of each order. */
export const postingsByBatch = `
DROP TRIGGER orders_have_parties;
`;
