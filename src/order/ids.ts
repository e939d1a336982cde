import { createHash, randomFillSync } from 'node:crypto';
import { v5 as uuidV5, v7 as uuidV7 } from 'uuid';
import { ServiceError } from '../base/errors.ts';
import type { NewOrder } from './order.ts';

/** The UUIDv5 namespace of ids derived from idempotency keys (RFC 9562, section 5.5). Never change it. */
const IDEMPOTENCY_NAMESPACE = '8f6c1d0e-3a57-4b1c-9e57-6c1f2d9b7a10';

const RANDOM_BYTES_PER_ID = 16;
const IDS_PER_DRAW = 256;

/**
 * If the clock is set back by at most this much, ids keep rising, by a counter. After a larger step they follow the clock:
 * otherwise their times would be wrong for as long as the step, and the counter could overflow.
 */
const MAX_STEP_BACK_MS = 10_000;

/**
 * Creates ids ordered by time (UUIDv7, RFC 9562), so that rows created together are stored together. It draws random bytes for
 * many ids at once: a system call per id would take a tenth of a request.
 */
export function createOrderIds(): () => string {
  const random = new Uint8Array(RANDOM_BYTES_PER_ID * IDS_PER_DRAW);
  let used = random.length;
  let msecs = 0;
  let seq = 0;
  return () => {
    if (used === random.length) {
      randomFillSync(random);
      used = 0;
    }
    const bytes = random.subarray(used, (used += RANDOM_BYTES_PER_ID));
    const now = Date.now();
    // Within a millisecond, or when the clock was set back a little, a counter keeps the ids rising (RFC 9562, section 6.2).
    if (now > msecs || now < msecs - MAX_STEP_BACK_MS) {
      msecs = now;
      seq = new DataView(bytes.buffer, bytes.byteOffset).getUint32(6) >>> 1;
    } else {
      seq += 1;
    }
    return uuidV7({ random: bytes, msecs, seq });
  };
}

const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7/;

/** When an order id was created, milliseconds since the epoch; undefined for an id derived from an idempotency key. */
export function timeOfOrderId(id: string): number | undefined {
  const [, high, low] = UUID_V7.exec(id) ?? [];
  return high === undefined || low === undefined ? undefined : parseInt(high + low, 16);
}

/** A key that begins with a UUIDv7 (RFC 9562, section 5.7); the first twelve hexadecimal digits are its time. */
const TIMED_KEY = /^([0-9a-f]{8}-[0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/i;

/** The length of a UUID up to and including its version digit. */
const UP_TO_VERSION = 15;

/**
 * Derives the order id from the caller and its idempotency key, so that a repeat has the same id on any replica and after
 * any crash, without a lookup. The id is a UUIDv5; such ids scatter over the index. If the key begins with a UUIDv7, the id
 * is a UUIDv8 with the time of the key, so that it is stored near other orders of that time. Never change the derivation:
 * repeats would create new orders.
 */
export function derivedOrderId(caller: string, idempotencyKey: string): string {
  // The length distinguishes ('a', 'b:c') from ('a:b', 'c').
  const id = uuidV5(`${caller.length}:${caller}:${idempotencyKey}`, IDEMPOTENCY_NAMESPACE);
  const time = TIMED_KEY.exec(idempotencyKey)?.[1];
  return time === undefined ? id : `${time.toLowerCase()}-8${id.slice(UP_TO_VERSION)}`;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws ServiceError `order-not-found` if it is not a UUID */
export function parseOrderId(text: string): string {
  const id = text.toLowerCase();
  if (UUID.test(id)) return id;
  throw new ServiceError('order-not-found', 'An order id is a UUID; this one is not.');
}

/** Identifies a body: SHA-256 over the fields in a fixed order, truncated to 128 bits, in base64url. */
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
