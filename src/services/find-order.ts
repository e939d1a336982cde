import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { OrderAccess } from '../order/access.ts';
import type { Order } from '../order/order.ts';
import { failureText } from '../processing/customer-text.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { LoggedOrders } from './logged-orders.ts';
import type { RecentOrders } from './recent-orders.ts';

/**
 * An acknowledged order without a stored row: `accepted` while it waits for processing or is being retried, `failed` if
 * it became a dead letter because no row could be made of it. Only these fields are certain.
 */
export interface AcceptedOrder {
  id: string;
  status: 'accepted' | 'failed';
  version: 0;
  /** of a failed order, as `Order.reason` */
  reason?: string | undefined;
}

export interface FindOrderDependencies {
  reader: OrderReader;
  log: EventLog;
  recentOrders: RecentOrders;
  loggedOrders: LoggedOrders;
}

/**
 * Finds an order, processed or not; returns undefined only if it was never acknowledged, or if the access excludes it.
 * @param position the position of the order in the log, according to the caller
 * @throws ServiceError `overloaded`, `log-unavailable`, both only for customers and merchants
 */
export async function findOrder(
  orderId: string,
  access: OrderAccess,
  position: Position | undefined,
  dependencies: FindOrderDependencies,
): Promise<Order | AcceptedOrder | undefined> {
  const { reader } = dependencies;
  const known = (await reader.find(orderId, access)) ?? (await findUnstored(orderId, access, dependencies));
  if (known !== undefined) return known;
  if (await isWaiting(orderId, access, position, dependencies)) {
    return { id: orderId, status: 'accepted', version: 0 };
  }
  // Look again: meanwhile the order may have been saved or may have become a dead letter.
  return (await findUnstored(orderId, access, dependencies)) ?? (await reader.find(orderId, access));
}

/** The position of an order in the log, as far as this replica knows it; undefined if it does not, or if the access excludes it. */
export async function positionOfOrder(
  orderId: string,
  access: OrderAccess,
  position: Position | undefined,
  { log, recentOrders }: Pick<FindOrderDependencies, 'log' | 'recentOrders'>,
): Promise<Position | undefined> {
  const recent = recentOrders.position(orderId, access);
  if (recent !== undefined || access.kind !== 'all') return recent;
  if (log.find === undefined) return position;
  const logged = await log.find(TOPICS.commands, orderId);
  return logged && { partition: logged.partition, offset: logged.offset };
}

/** Whether the log has the order and the pipeline has not processed it yet. */
async function isWaiting(
  orderId: string,
  access: OrderAccess,
  position: Position | undefined,
  { reader, log, recentOrders, loggedOrders }: FindOrderDependencies,
): Promise<boolean> {
  const recent = recentOrders.position(orderId, access);
  const logged = recent === undefined ? await log.find?.(TOPICS.commands, orderId) : undefined;
  // Trust the caller's position only if the log cannot look up keys.
  const at = recent ?? logged ?? (log.find === undefined ? position : undefined);
  if (at === undefined) return false;
  const next = await reader.progress(log.progressName(TOPICS.commands), at.partition);
  if (next !== undefined && next > at.offset) return false;
  if (recent !== undefined || access.kind === 'all') return true;
  return logged === undefined ? loggedOrders.has(orderId, at, access) : loggedOrders.allows(access, logged);
}

async function findUnstored(
  id: string,
  access: OrderAccess,
  { reader, loggedOrders }: FindOrderDependencies,
): Promise<AcceptedOrder | undefined> {
  const unstored = await reader.findUnstored(id, (record) => loggedOrders.allows(access, record));
  if (unstored === undefined) return undefined;
  if (unstored.state === 'retrying') return { id, status: 'accepted', version: 0 };
  const own = access.kind === 'all' ? unstored.error : null;
  return { id, status: 'failed', version: 0, reason: own ?? failureText(unstored.reason ?? 'store-refused') };
}
