/**
 * Which orders a customer or merchant has, as a search engine keeps which documents have a word. In a B-tree by customer
 * each new order goes to a page of its own, once there are many: the page is read, written to the write-ahead log, and
 * copied back, which took longer than the order itself. FTS5 (https://sqlite.org/fts5.html) keeps its postings as a
 * log-structured merge tree (O'Neil et al., 1996): a commit appends one segment, and segments are merged in turn.
 *
 * A posting is the place of the order in lists, newest first (order-place.ts): its millisecond above the lowest 21 bits
 * of its seq. The words are ids in hexadecimal behind `c` or `m`, so that no tokenizer can divide or fold them.
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
