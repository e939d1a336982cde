import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { Order } from '../order/order.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { RecentOrders } from './recent-orders.ts';

/**
 * An acknowledged order without a stored row: `accepted` while it waits for processing or is being retried, `failed` if
 * it became a dead letter because no row could be made of it. Only these fields are certain.
 */
export interface AcceptedOrder {
  id: string;
  status: 'accepted' | 'failed';
  version: 0;
}

/**
 * Finds an order, processed or not; returns undefined only if it was never acknowledged.
 * @param position the position of the order in the log, according to the caller
 */
export async function findOrder(
  orderId: string,
  position: Position | undefined,
  { reader, log, recentOrders }: { reader: OrderReader; log: EventLog; recentOrders: RecentOrders },
): Promise<Order | AcceptedOrder | undefined> {
  const known = (await reader.find(orderId)) ?? (await findUnstored(orderId, reader));
  if (known !== undefined) return known;
  // Trust the caller's position only if the log cannot look up keys.
  const at =
    recentOrders.position(orderId) ??
    (log.find === undefined ? position : await log.find(TOPICS.commands, orderId));
  if (at !== undefined) {
    const next = await reader.progress(log.progressName(TOPICS.commands), at.partition);
    const isApplied = next !== undefined && next > at.offset;
    if (!isApplied) return { id: orderId, status: 'accepted', version: 0 };
  }
  // Look again: meanwhile the order may have been saved or may have become a dead letter.
  return (await findUnstored(orderId, reader)) ?? (await reader.find(orderId));
}

async function findUnstored(id: string, reader: OrderReader): Promise<AcceptedOrder | undefined> {
  const unstored = await reader.findUnstored(id);
  if (unstored === undefined) return undefined;
  return { id, status: unstored.state === 'retrying' ? 'accepted' : 'failed', version: 0 };
}
