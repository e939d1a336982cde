import type { ListCursor } from '../list-cursor.ts';

/**
 * The place of an order among all: a 64-bit number that rises with its creation and, within a millisecond, with its seq.
 * Of the seq there is room for 21 bits: orders of one millisecond whose seqs lie on two sides of a multiple of 2 097 152
 * change places.
 */
const SEQ_BITS = 21n;
const SEQ_MASK = (1n << SEQ_BITS) - 1n;

/** The largest of SQLite's integers: no order is created so late (the year 2109). */
const LAST_PLACE = (1n << 63n) - 1n;

/** As 0003-order-parties.ts has it in SQL. */
export function placeOf({ createdAt, seq }: ListCursor): bigint {
  const place = (BigInt(Math.max(0, createdAt)) << SEQ_BITS) | (BigInt(seq) & SEQ_MASK);
  return place < LAST_PLACE ? place : LAST_PLACE;
}

/** SQL: the rows of `orders` that have the place which an expression gives; served by `orders_by_time`. */
export function hasPlace(place: string): string {
  return `orders.created_at = ${place} >> ${SEQ_BITS} AND (orders.seq & ${SEQ_MASK}) = (${place} & ${SEQ_MASK})`;
}

/**
 * SQL: the postings of the orders of a condition, in the order of their places. As one statement, since FTS5 writes what
 * it has gathered at the end of each one that may have to be taken back: for a batch a segment, not for each order.
 */
export function insertPostings(condition: string): string {
  return `INSERT INTO order_parties (rowid, parties)
          SELECT orders.created_at << ${SEQ_BITS} | (orders.seq & ${SEQ_MASK}) AS place,
                 'c' || hex(orders.customer_id) || ' m' || hex(orders.merchant_id)
          FROM orders WHERE ${condition} ORDER BY place`;
}
