import { hasCode } from '../base/errors.ts';
import type { StatusChange } from '../order/commands.ts';
import type { ChangeListener, StatusHub } from './status-hub.ts';

export interface FirstChange {
  /** The first change seen since the watch began; undefined once `timeoutMs` have passed without one. */
  within(timeoutMs: number): Promise<StatusChange | undefined>;
  /** Ends the watch; a pending `within` answers undefined. Call it whatever happens. */
  cancel(): void;
}

/** Watches an order for its next change. Begin before the cause of the change is sent, so that none can be missed. */
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

/** Undefined where too many watch already: then nothing is seen. */
function watched(hub: StatusHub, orderId: string, listener: ChangeListener): (() => void) | undefined {
  try {
    return hub.watch(orderId, listener);
  } catch (error) {
    if (!hasCode(error, 'overloaded')) throw error;
    return undefined;
  }
}
