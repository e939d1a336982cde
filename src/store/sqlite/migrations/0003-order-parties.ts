/**
 * Indexes orders by customer and merchant in an inverted index (FTS5, https://sqlite.org/fts5.html). In a B-tree, new orders
 * of many customers touch a page each, and reading and writing those pages took longer than inserting the orders. FTS5 is a
 * log-structured merge tree (O'Neil et al., 1996): a commit appends one segment, and segments are merged later.
 *
 * The rowid of a posting is the list key of the order (list-key.ts). The words are hexadecimal ids with the prefix `c` or `m`,
 * so that the tokenizer neither splits nor changes them.
 */
const PARTIES = (order: string) => `'c' || hex(${order}.customer_id) || ' m' || hex(${order}.merchant_id)`;
const LIST_KEY = (order: string) => `(${order}.created_at << 21) | (${order}.seq & 2097151)`;

export const orderParties = `
CREATE VIRTUAL TABLE order_parties
  USING fts5(parties, content = '', columnsize = 0, detail = none, tokenize = ascii);

INSERT INTO order_parties (rowid, parties)
  SELECT ${LIST_KEY('orders')}, ${PARTIES('orders')} FROM orders ORDER BY created_at, seq;

CREATE TRIGGER orders_have_parties AFTER INSERT ON orders BEGIN
  INSERT INTO order_parties (rowid, parties) VALUES (${LIST_KEY('NEW')}, ${PARTIES('NEW')});
END;

DROP INDEX orders_by_customer;
DROP INDEX orders_by_merchant;
`;
