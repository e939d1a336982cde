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

interface Sources {
  reader: OrderReader;
  log: EventLog;
  recentOrders: RecentOrders;
}

/** An order, processed or not; undefined only for one that was never acknowledged. */
export async function findOrder(
  orderId: string,
  position: Position | undefined,
  { reader, log, recentOrders }: Sources,
): Promise<Order | AcceptedOrder | undefined> {
  const known = (await reader.find(orderId)) ?? (await findUnstored(orderId, reader));
  if (known !== undefined) return known;
  const at = recentOrders.position(orderId) ?? (await findPosition(orderId, position, log));
  if (at !== undefined && !(await isApplied(at, reader, log))) return accepted(orderId);
  // The order may have been saved, or have moved to the dead letters, since the first look.
  return (await findUnstored(orderId, reader)) ?? (await reader.find(orderId));
}

async function findUnstored(orderId: string, reader: OrderReader): Promise<AcceptedOrder | undefined> {
  const unstored = await reader.findUnstored(orderId);
  if (unstored === undefined) return undefined;
  return unstored.state === 'retrying' ? accepted(orderId) : { id: orderId, status: 'failed', version: 0 };
}

/** A log that can look up keys is asked; the caller's position counts only where it cannot be checked. */
async function findPosition(
  orderId: string,
  given: Position | undefined,
  log: EventLog,
): Promise<Position | undefined> {
  return log.find === undefined ? given : log.find(TOPICS.commands, orderId);
}

async function isApplied(
  { partition, offset }: Position,
  reader: OrderReader,
  log: EventLog,
): Promise<boolean> {
  const next = await reader.progress(log.progressName(TOPICS.commands), partition);
  return next !== undefined && next > offset;
}

function accepted(id: string): AcceptedOrder {
  return { id, status: 'accepted', version: 0 };
}
