import { createHash } from 'node:crypto';
import { v5 as uuidV5, v7 as uuidV7 } from 'uuid';
import type { NewOrder } from './order.ts';

/** Names the ids that are derived from idempotency keys (RFC 9562, section 5.5); never change it. */
const IDEMPOTENCY_NAMESPACE = '8f6c1d0e-3a57-4b1c-9e57-6c1f2d9b7a10';

/** A fresh id, ordered by time (UUIDv7, RFC 9562), so that rows of one moment lie beside each other. */
export function newOrderId(): string {
  return uuidV7();
}

/**
 * The id of the order that this caller means by this key (UUIDv5): a repeat is the same key in the log and the same
 * row in the store, on any replica and after any crash, without a lookup.
 */
export function derivedOrderId(caller: string, idempotencyKey: string): string {
  // The length keeps ('a', 'b:c') and ('a:b', 'c') apart.
  return uuidV5(`${caller.length}:${caller}:${idempotencyKey}`, IDEMPOTENCY_NAMESPACE);
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
