import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { Order } from '../order/order.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { RecentOrders } from './recent-orders.ts';

/**
 * An acknowledged order without a row: it is not processed yet or is being retried (`accepted`), or no row can be made
 * of it and it is a dead letter (`failed`). Nothing else of it is certain.
 */
export interface AcceptedOrder {
  id: string;
  status: 'accepted' | 'failed';
  version: 0;
}

/**
 * An order, processed or not; undefined only for one that was never acknowledged.
 * @param position where the caller says the order is in the log
 */
export async function findOrder(
  orderId: string,
  position: Position | undefined,
  { reader, log, recentOrders }: { reader: OrderReader; log: EventLog; recentOrders: RecentOrders },
): Promise<Order | AcceptedOrder | undefined> {
  const known = (await reader.find(orderId)) ?? (await findUnstored(orderId, reader));
  if (known !== undefined) return known;
  // A log that can look up keys is asked; the caller's position counts only where it cannot be checked.
  const at =
    recentOrders.position(orderId) ??
    (log.find === undefined ? position : await log.find(TOPICS.commands, orderId));
  if (at !== undefined) {
    const next = await reader.progress(log.progressName(TOPICS.commands), at.partition);
    const isApplied = next !== undefined && next > at.offset;
    if (!isApplied) return { id: orderId, status: 'accepted', version: 0 };
  }
  // The order may have been saved, or have moved to the dead letters, since the first look.
  return (await findUnstored(orderId, reader)) ?? (await reader.find(orderId));
}

async function findUnstored(id: string, reader: OrderReader): Promise<AcceptedOrder | undefined> {
  const unstored = await reader.findUnstored(id);
  if (unstored === undefined) return undefined;
  return { id, status: unstored.state === 'retrying' ? 'accepted' : 'failed', version: 0 };
}
