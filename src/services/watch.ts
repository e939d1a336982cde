import { ServiceError } from '../base/errors.ts';
import type { Order } from '../order/order.ts';
import type { ChangeItem } from '../status/change-item.ts';
import { tokenTooOld } from '../status/resume-token.ts';
import type { Turn } from '../status/subscription.ts';
import type { AcceptedOrder } from './find-order.ts';

/**
 * One event for a watcher. All watchers of a change share one object, so that each protocol encodes it once. `token`
 * resumes after this event on any replica; nothing is missed or repeated.
 */
export type WatchItem = { kind: 'snapshot'; order: Order | AcceptedOrder; token: string } | ChangeItem;

/**
 * `final`: the order has reached its last status · `too-slow`: more orders changed than a watch can hold; resume ·
 * `started-over`: the log of status changes was replaced, so changes may be missing and tokens are no longer valid
 */
export type WatchEnd = 'final' | 'too-slow' | 'started-over';

/** The events of one watcher, which pulls them: a slow reader delays no one. Bounded: folds to the latest per order. */
export interface Watch {
  /** The next item; undefined if none is pending, or if the turn is over: then call it again in another turn. */
  take(turn?: Turn): WatchItem | undefined;
  /** Sets the one listener, called when `take` has an item again or the watch has ended. */
  onReadable(listener: () => void): void;
  /** Why the watch ended; undefined while it is open or has pending items. */
  end(): WatchEnd | undefined;
  /** For heartbeats: the token that resumes after the last item taken, or from the beginning if none was taken. */
  token(): string;
  /** Always call it at the end; calling it twice is harmless. */
  close(): void;
}

/** The error that ends a watch with `too-slow`. */
export function tooSlow(): ServiceError {
  return new ServiceError(
    'watch-too-slow',
    'More changes are waiting than are kept for a slow reader. Watch again with the last resume token, and read faster.',
  );
}

/** The error that ends a watch with `started-over`. */
export function startedOver(): ServiceError {
  return tokenTooOld('The log of status changes was replaced, so changes may be missing.');
}
