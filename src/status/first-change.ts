import { hasCode } from '../base/errors.ts';
import type { OrderAccess } from '../order/access.ts';
import type { StatusChange } from '../order/commands.ts';
import type { ChangeListener, StatusHub } from './status-hub.ts';

export interface FirstChange {
  /** The first change since the watch began; undefined after `timeoutMs` without one. */
  within(timeoutMs: number): Promise<StatusChange | undefined>;
  /** Ends the watch; a pending `within` resolves to undefined. Always call it. */
  cancel(): void;
}

/**
 * Waits for the next change of an order. Call it before you append the command, so that its change is not missed.
 * @param access changes of an order that it excludes are ignored
 * @param caller see `PlaceRequest`
 */
export function watchFirstChange(
  hub: StatusHub,
  orderId: string,
  access: OrderAccess,
  caller?: string,
): FirstChange {
  let seen: StatusChange | undefined;
  let wake: ((change: StatusChange | undefined) => void) | undefined;
  const listener: ChangeListener = ({ change }) => {
    seen ??= change;
    wake?.(seen);
  };
  const unwatch = watched(() => hub.watch(orderId, access, listener, { place: { kind: 'wait', caller } }));
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

/** Undefined if there is no place for another watcher: no change is seen then. */
function watched(watch: () => () => void): (() => void) | undefined {
  try {
    return watch();
  } catch (error) {
    if (!hasCode(error, 'overloaded') && !hasCode(error, 'too-many-watches')) throw error;
    return undefined;
  }
}
