import type { Cursor } from '../sql/keyset.ts';

/**
 * The place of an order among all: a 64-bit number that rises with its creation and, within a millisecond, with its seq.
 * The seq has 21 bits of it: orders of one millisecond whose seqs are on two sides of a multiple of 2 097 152 change
 * places.
 */
const SEQ_BITS = 21n;
const SEQ_MASK = (1n << SEQ_BITS) - 1n;

/** The largest integer of SQLite: no order is created so late (the year 2109). */
const LAST_PLACE = (1n << 63n) - 1n;

/** The same in SQL: migrations/0003-order-parties.ts. */
export function placeOf({ createdAt, seq }: Cursor): bigint {
  const place = (BigInt(Math.max(0, createdAt)) << SEQ_BITS) | (BigInt(seq) & SEQ_MASK);
  return place < LAST_PLACE ? place : LAST_PLACE;
}

/** SQL: the rows of `orders` at the place which an expression gives; served by `orders_by_time`. */
export function hasPlace(place: string): string {
  return `orders.created_at = ${place} >> ${SEQ_BITS} AND (orders.seq & ${SEQ_MASK}) = (${place} & ${SEQ_MASK})`;
}

/**
 * Inserts the postings of the orders from this seq on, in the order of their places. It is one statement because FTS5
 * writes what it has gathered at the end of each: one segment per batch, not one per order.
 */
export const INSERT_POSTINGS = `
  INSERT INTO order_parties (rowid, parties)
  SELECT orders.created_at << ${SEQ_BITS} | (orders.seq & ${SEQ_MASK}) AS place,
         'c' || hex(orders.customer_id) || ' m' || hex(orders.merchant_id)
  FROM orders WHERE orders.seq >= ? ORDER BY place`;
