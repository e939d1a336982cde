/**
 * The orders of each customer and merchant, stored as a search engine stores the documents of each word. In a B-tree by
 * customer, each of many new orders goes to a page of its own, which is read, written to the write-ahead log and copied back:
 * that took longer than the order itself. FTS5 (https://sqlite.org/fts5.html) stores postings as a log-structured merge tree
 * (O'Neil et al., 1996): a commit appends one segment, and segments are merged later.
 *
 * A posting is the place of the order in lists, newest first (order-place.ts): its millisecond above the lowest 21 bits of its
 * seq. The words are ids in hexadecimal after `c` or `m`, so that no tokenizer divides or folds them.
 */
const PARTIES = (order: string) => `'c' || hex(${order}.customer_id) || ' m' || hex(${order}.merchant_id)`;
const PLACE = (order: string) => `(${order}.created_at << 21) | (${order}.seq & 2097151)`;

export const orderParties = `
CREATE VIRTUAL TABLE order_parties
  USING fts5(parties, content = '', columnsize = 0, detail = none, tokenize = ascii);

INSERT INTO order_parties (rowid, parties)
  SELECT ${PLACE('orders')}, ${PARTIES('orders')} FROM orders ORDER BY created_at, seq;

CREATE TRIGGER orders_have_parties AFTER INSERT ON orders BEGIN
  INSERT INTO order_parties (rowid, parties) VALUES (${PLACE('NEW')}, ${PARTIES('NEW')});
END;

DROP INDEX orders_by_customer;
DROP INDEX orders_by_merchant;
`;
