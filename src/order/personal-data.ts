import { EVENT_TYPES } from './event-text.ts';

/** Whose personal data is removed, and the name that takes the place of the customer's id. */
export interface Erasure {
  customerId: string;
  /** a valid customer id, which no caller has */
  pseudonym: string;
}

type Json = Record<string, unknown>;

/** How JSON has the id: a record without these bytes does not name the customer. Ids have no character that JSON escapes. */
export function quotedId(customerId: string): Buffer {
  return Buffer.from(`"${customerId}"`);
}

/** Whether an event places an order for the customer, or the customer caused it. For bytes that are no event: whether they name the customer. */
export function isOfCustomer(value: Buffer, customerId: string): boolean {
  if (!value.includes(quotedId(customerId))) return false;
  const event = parsed(value);
  if (event === undefined) return value.toString('latin1').includes('customerId');
  const { data } = event;
  if (!isObject(data)) return event.customerId === customerId;
  return data.customerId === customerId || (isObject(data.actor) && data.actor.customerId === customerId);
}

/** The order of an event. */
export function orderIdOf(value: Buffer): string | undefined {
  const subject = parsed(value)?.subject;
  return typeof subject === 'string' ? subject : undefined;
}

/**
 * An event without personal data: the customer's id becomes the pseudonym, and names of items, metadata, the fingerprint of the request and
 * reasons are left out. Sku, amounts, status and times stay. It stays an event that this service can read.
 * @returns null for bytes that are no event of this service: nothing of them can be kept
 */
export function withoutPersonalData(value: Buffer, erasure: Erasure): Buffer | null {
  const event = parsed(value);
  const data = event?.data;
  if (event === undefined || !isObject(data)) return null;
  const kept = keptData(event.type, data, erasure);
  return kept === undefined ? null : Buffer.from(JSON.stringify({ ...event, data: kept }));
}

/** Items as JSON text, without their names. */
export function itemsWithoutNames(text: string): string {
  return JSON.stringify(withoutNames(JSON.parse(text)));
}

function keptData(type: unknown, data: Json, erasure: Erasure): Json | undefined {
  const customerId = data.customerId === erasure.customerId ? erasure.pseudonym : data.customerId;
  switch (type) {
    case EVENT_TYPES.placed: {
      const { merchantId, currency, items, total } = data;
      return { customerId, merchantId, currency, items: withoutNames(items), total };
    }
    case EVENT_TYPES.transitionRequested: {
      const { to, expectedVersion, actor } = data;
      const isOwn = isObject(actor) && actor.customerId === erasure.customerId;
      return { to, expectedVersion, actor: isOwn ? { customerId: erasure.pseudonym } : actor };
    }
    case EVENT_TYPES.statusChanged: {
      const { merchantId, status, version, cause } = data;
      return { customerId, merchantId, status, version, reason: null, cause };
    }
    default:
      return undefined;
  }
}

function withoutNames(items: unknown): unknown {
  if (!Array.isArray(items)) return [];
  return items.filter(isObject).map(({ sku, quantity, unitPrice }) => ({ sku, quantity, unitPrice }));
}

function parsed(value: Buffer): Json | undefined {
  try {
    const event: unknown = JSON.parse(value.toString());
    return isObject(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
