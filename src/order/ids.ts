import { createHash, randomFillSync } from 'node:crypto';
import { v5 as uuidV5, v7 as uuidV7 } from 'uuid';
import { ServiceError } from '../base/errors.ts';
import type { NewOrder } from './order.ts';

/** Names the ids that are derived from idempotency keys (RFC 9562, section 5.5); never change it. */
const IDEMPOTENCY_NAMESPACE = '8f6c1d0e-3a57-4b1c-9e57-6c1f2d9b7a10';

const RANDOM_BYTES_AN_ID = 16;
const IDS_A_DRAW = 256;

/**
 * Makes fresh ids, ordered by time (UUIDv7, RFC 9562), so that rows of one moment lie beside each other. Randomness is drawn for many at once: a system call for each
 * id would be a tenth of what a whole request costs.
 */
export function createOrderIds(): () => string {
  const random = new Uint8Array(RANDOM_BYTES_AN_ID * IDS_A_DRAW);
  let used = random.length;
  let msecs = 0;
  let seq = 0;
  return () => {
    if (used === random.length) {
      randomFillSync(random);
      used = 0;
    }
    const bytes = random.subarray(used, (used += RANDOM_BYTES_AN_ID));
    const now = Date.now();
    // Within a millisecond, or when the clock was set back, a counter keeps the ids rising (RFC 9562, section 6.2).
    if (now > msecs) {
      msecs = now;
      seq = new DataView(bytes.buffer, bytes.byteOffset).getUint32(6) >>> 1;
    } else {
      seq += 1;
    }
    return uuidV7({ random: bytes, msecs, seq });
  };
}

const FRESH_ID = /^([0-9a-f]{8})-([0-9a-f]{4})-7/;

/** When a fresh id was made, milliseconds since the epoch; undefined for one that was derived from a key. */
export function timeOfOrderId(id: string): number | undefined {
  const [, high, low] = FRESH_ID.exec(id) ?? [];
  return high === undefined || low === undefined ? undefined : parseInt(high + low, 16);
}

/** A UUIDv7 (RFC 9562, section 5.7) at the beginning of a key: its time, which is the first twelve hexadecimal digits. */
const TIMED_KEY = /^([0-9a-f]{8}-[0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/i;

/** The version digit of a UUID, and what stands before it. */
const UP_TO_VERSION = 15;

/**
 * The id of the order that this caller means by this key: a repeat is the same key in the log and the same row in the
 * store, on any replica and after any crash, without a lookup. As a rule a UUIDv5, which lies anywhere among the ids of
 * the store. A key that begins with a UUIDv7 hands its time on to the id, a UUIDv8: such orders lie beside those of their
 * time, as orders without a key do. Another derivation would make a repeat another order: never change it.
 */
export function derivedOrderId(caller: string, idempotencyKey: string): string {
  // The length keeps ('a', 'b:c') and ('a:b', 'c') apart.
  const id = uuidV5(`${caller.length}:${caller}:${idempotencyKey}`, IDEMPOTENCY_NAMESPACE);
  const time = TIMED_KEY.exec(idempotencyKey)?.[1];
  return time === undefined ? id : `${time.toLowerCase()}-8${id.slice(UP_TO_VERSION)}`;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws ServiceError `order-not-found`: what is not a UUID names no order */
export function parseOrderId(text: string): string {
  const id = text.toLowerCase();
  if (UUID.test(id)) return id;
  throw new ServiceError('order-not-found', 'The id of an order is a UUID; this is none.');
}

/** Tells one body from another: SHA-256 over the order in a fixed order of fields, 128 bits of it in base64url. */
export function fingerprint(order: NewOrder): string {
  const canonical = JSON.stringify([
    order.customerId,
    order.merchantId,
    order.currency,
    order.items.map((item) => [item.sku, item.name ?? null, item.quantity, item.unitPrice]),
    Object.entries(order.metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  return createHash('sha256').update(canonical).digest().subarray(0, 16).toString('base64url');
}
