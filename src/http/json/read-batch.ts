import { setImmediate } from 'node:timers/promises';
import { hasCode, invalidField, ServiceError, toServiceError } from '../../base/errors.ts';
import { MAX_ORDER_BYTES } from '../../services/server-rules.ts';
import { pointerTo } from '../../services/validation.ts';
import { JsonCursor } from './json-cursor.ts';
import { readJson } from './read-json.ts';
import type { ValueScanner } from './scan-value.ts';

/** An order of a batch that has not been parsed yet. */
interface UnreadOrder {
  bytes: Buffer;
  refusal: string | undefined;
}

/** Bytes parsed before the event loop may serve other requests; parsing them takes a few milliseconds at most. */
const BYTES_PER_TURN = 128 * 1024;

/**
 * Parses the body `{"orders":[…]}` order by order, each with the limits of an order that comes alone. In the place of an order that
 * is refused there is the ServiceError that says why. Any other body is returned with what a schema needs to refuse it.
 * @param bytes UTF-8
 * @throws ServiceError `malformed-json` if any part is not JSON; `validation-failed` for an unknown field or too many orders
 */
export async function readBatch(bytes: Buffer, scan: ValueScanner, maxOrders: number): Promise<unknown> {
  const cursor = new JsonCursor(bytes, scan);
  if (!cursor.take('{')) {
    const other = valueOf(cursor.value());
    cursor.expectEnd();
    return other;
  }
  let orders: UnreadOrder[] | { other: unknown } | undefined;
  if (!cursor.take('}')) {
    do {
      const name = cursor.name();
      cursor.expect(':');
      if (name !== 'orders') throw invalidField(pointerTo('', name), 'is not a known field');
      if (orders !== undefined) throw invalidField('/orders', 'is given twice');
      orders = cursor.take('[') ? splitOrders(cursor, maxOrders) : { other: valueOf(cursor.value()) };
    } while (cursor.take(','));
    cursor.expect('}');
  }
  cursor.expectEnd();
  if (orders === undefined) return {};
  return { orders: Array.isArray(orders) ? await readOrders(orders) : orders.other };
}

function splitOrders(cursor: JsonCursor, maxOrders: number): UnreadOrder[] {
  const orders: UnreadOrder[] = [];
  if (cursor.take(']')) return orders;
  do {
    if (orders.length === maxOrders)
      throw invalidField('/orders', `must not have more than ${maxOrders} items`);
    orders.push(cursor.value());
  } while (cursor.take(','));
  cursor.expect(']');
  return orders;
}

async function readOrders(unread: UnreadOrder[]): Promise<unknown[]> {
  const orders: unknown[] = [];
  let bytesOfTurn = 0;
  for (const [index, order] of unread.entries()) {
    bytesOfTurn += order.bytes.length;
    if (bytesOfTurn > BYTES_PER_TURN) {
      await setImmediate();
      bytesOfTurn = order.bytes.length;
    }
    orders.push(readOrder(order, index));
  }
  return orders;
}

function readOrder({ bytes, refusal }: UnreadOrder, index: number): unknown {
  if (bytes.length > MAX_ORDER_BYTES) {
    const detail = `The order has ${bytes.length} bytes; an order has at most ${MAX_ORDER_BYTES}.`;
    return new ServiceError('body-too-large', detail);
  }
  if (refusal !== undefined) return invalidField('', refusal);
  try {
    return readJson(bytes);
  } catch (thrown) {
    const error = toServiceError(thrown);
    if (!hasCode(error, 'malformed-json')) return error;
    throw new ServiceError('malformed-json', `Order ${index}: ${error.message}`, { cause: error });
  }
}

/** A value in the place of an object or a list; null if it is not small enough to be parsed. */
function valueOf({ bytes, refusal }: UnreadOrder): unknown {
  return bytes.length > MAX_ORDER_BYTES || refusal !== undefined ? null : readJson(bytes);
}
