import type { StatusChange } from '../order/commands.ts';
import { ALL_ORDERS, narrowedTo, type OrderAccess } from '../order/access.ts';
import type { ChangeItem } from './change-item.ts';
import { orderToken } from './resume-token.ts';
import type { StatusEvent } from './status-event.ts';
import type { StatusFilter } from './status-filter.ts';
import type { Watchers } from './watchers.ts';

export interface Delivery {
  watchers: Watchers;
  /** whether any watcher follows more than one order */
  hasSubscriptions: boolean;
  /** decodes the event; undefined if it cannot be decoded */
  changeOf: () => StatusChange | undefined;
  /** after the event, see `pointText` */
  point: () => string;
}

export function orderChannel(orderId: string): string {
  return `order:${orderId}`;
}

/** A channel on which nothing is emitted, for filters that nothing can match. */
const EMPTY_CHANNEL = 'none';

/** The narrowest channel that has all changes that match and that the access allows; the subscription filters the rest. */
export function filterChannel(filter: StatusFilter, access: OrderAccess): string {
  const narrowed = narrowedTo(access, filter);
  if (narrowed === undefined) return EMPTY_CHANNEL;
  const { customerId, merchantId } = narrowed;
  if (customerId !== undefined) return `customer:${customerId}`;
  return merchantId === undefined ? 'all' : `merchant:${merchantId}`;
}

/** Emits the event on every channel that has watchers. Does not decode it if nothing can match. */
export function deliver(event: StatusEvent, { watchers, hasSubscriptions, ...read }: Delivery): void {
  const channel = orderChannel(event.orderId);
  const isWatched = watchers.hasAny(channel);
  if (!isWatched && !hasSubscriptions) return;
  const change = read.changeOf();
  if (change === undefined) return;
  if (isWatched) {
    const item: ChangeItem = { kind: 'change', change, token: orderToken(change) };
    watchers.emit(channel, item);
  }
  const { customerId, merchantId } = change;
  const channels = [{}, { customerId }, { merchantId }].map((filter) => filterChannel(filter, ALL_ORDERS));
  for (const name of channels.filter((name) => watchers.hasAny(name))) {
    event.point ??= read.point();
    watchers.emit(name, event, change);
  }
}
