import { hasCode } from '../base/errors.ts';
import type { StatusChange } from '../order/commands.ts';
import type { ChangeListener, StatusHub } from './status-hub.ts';

export interface FirstChange {
  /** The first change since the watch began; undefined after `timeoutMs` without one. */
  within(timeoutMs: number): Promise<StatusChange | undefined>;
  /** Ends the watch; a pending `within` resolves to undefined. Always call it. */
  cancel(): void;
}

/** Waits for the next change of an order. Call it before you append the command, so that its change is not missed. */
export function watchFirstChange(hub: StatusHub, orderId: string): FirstChange {
  let seen: StatusChange | undefined;
  let wake: ((change: StatusChange | undefined) => void) | undefined;
  const unwatch = watched(hub, orderId, ({ change }) => {
    seen ??= change;
    wake?.(seen);
  });
  return {
    within(timeoutMs) {
      if (seen !== undefined || unwatch === undefined) return Promise.resolve(seen);
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs, undefined);
        wake = (change) => {
          clearTimeout(timer);
          resolve(change);
        };
      });
    },
    cancel() {
      unwatch?.();
      wake?.(undefined);
    },
  };
}

/** Undefined if there are too many watchers: no change is seen then. */
function watched(hub: StatusHub, orderId: string, listener: ChangeListener): (() => void) | undefined {
  try {
    return hub.watch(orderId, listener);
  } catch (error) {
    if (!hasCode(error, 'overloaded')) throw error;
    return undefined;
  }
}
