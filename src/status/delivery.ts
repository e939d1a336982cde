import type { StatusChange } from '../order/commands.ts';
import type { ChangeItem } from './change-item.ts';
import { orderToken } from './resume-token.ts';
import type { StatusEvent } from './status-event.ts';
import type { StatusFilter } from './subscription.ts';
import type { Watchers } from './watchers.ts';

export interface Delivery {
  watchers: Watchers;
  /** whether any watcher follows more than one order */
  hasSubscriptions: boolean;
  /** decodes the event; undefined if it cannot be decoded */
  changeOf: () => StatusChange | undefined;
  /** resumes after the event, in the events of all orders */
  token: () => string;
}

export function orderChannel(orderId: string): string {
  return `order:${orderId}`;
}

/** The narrowest channel that has all matching changes; the subscription filters the rest. */
export function filterChannel({ customerId, merchantId }: StatusFilter): string {
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
  const channels = [{}, { customerId }, { merchantId }].map(filterChannel);
  for (const name of channels.filter((name) => watchers.hasAny(name))) {
    event.item ??= { kind: 'change', change, token: read.token() };
    watchers.emit(name, event, change);
  }
}
