import type { Cursor } from '../sql/keyset.ts';

/**
 * A list key is a 64-bit number that sorts orders by creation time, then by seq: the milliseconds, then the low 21 bits of the
 * seq. So two orders of one millisecond sort in reverse if a multiple of 2 097 152 lies between their seqs.
 */
const SEQ_BITS = 21n;
const SEQ_MASK = (1n << SEQ_BITS) - 1n;

/** The largest integer of SQLite; its time is in the year 2109. */
const LAST_LIST_KEY = (1n << 63n) - 1n;

/** migrations/0003-order-parties.ts computes the same in SQL. */
export function listKeyOf({ createdAt, seq }: Cursor): bigint {
  const key = (BigInt(Math.max(0, createdAt)) << SEQ_BITS) | (BigInt(seq) & SEQ_MASK);
  return key < LAST_LIST_KEY ? key : LAST_LIST_KEY;
}

/** SQL condition: the row of `orders` has this list key (an SQL expression). Uses the index `orders_by_time`. */
export function hasListKey(key: string): string {
  return `orders.created_at = ${key} >> ${SEQ_BITS} AND (orders.seq & ${SEQ_MASK}) = (${key} & ${SEQ_MASK})`;
}

/**
 * Inserts the postings of all orders from a seq on, sorted by list key. One statement per batch, because FTS5 writes one
 * segment per statement.
 */
export const INSERT_POSTINGS = `
  INSERT INTO order_parties (rowid, parties)
  SELECT ${postingOf('orders')} FROM orders WHERE orders.seq >= ? ORDER BY list_key`;

/** Inserts the postings of orders by their seqs, a JSON array. */
export const INSERT_POSTINGS_OF = `
  INSERT INTO order_parties (rowid, parties)
  SELECT ${postingOf('orders')} FROM orders
  WHERE orders.seq IN (SELECT value FROM json_each(?)) ORDER BY list_key`;

/** Deletes the postings of orders by their seqs, a JSON array. Call it before the rows change: FTS5 needs the words it has indexed. */
export const DELETE_POSTINGS = `
  INSERT INTO order_parties (order_parties, rowid, parties)
  SELECT 'delete', ${postingOf('orders')} FROM orders
  WHERE orders.seq IN (SELECT value FROM json_each(?)) ORDER BY list_key`;

function postingOf(order: string): string {
  return `${order}.created_at << ${SEQ_BITS} | (${order}.seq & ${SEQ_MASK}) AS list_key,
    'c' || hex(${order}.customer_id) || ' m' || hex(${order}.merchant_id)`;
}
