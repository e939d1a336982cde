import type { StatusChange } from '../order/commands.ts';
import { isFinal } from '../order/lifecycle.ts';
import { orderToken, positionsOfToken, versionOfToken } from '../status/resume-token.ts';
import type { StatusHub, Subscribed } from '../status/status-hub.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { Order } from '../order/order.ts';
import type { AcceptedOrder, OrderReading } from './read-order.ts';
import type { OrdersFilter, OrderWatching, Watch, WatchEnd, WatchItem } from './watch.ts';

export interface WatchingDependencies {
  hub: StatusHub;
  reading: OrderReading;
  reader: Pick<OrderReader, 'changes'>;
}

/** Watching, whatever protocol the watcher speaks: subscribe first, then read, then drop what was read. */
export function createOrderWatching({ hub, reading, reader }: WatchingDependencies): OrderWatching {
  return {
    async order(orderId, { token, position } = {}) {
      const after = token === undefined ? undefined : versionOfToken(token);
      const watch = new OrderWatch(hub, orderId);
      try {
        const state = await reading.read(orderId, position);
        watch.begin(after === undefined ? [snapshotOf(state)] : await missed(orderId, after), after ?? 0);
        if (isFinal(state.status)) watch.endAfterAll();
        return watch;
      } catch (error) {
        watch.close();
        throw error;
      }
    },
    orders: (filter, token) =>
      new Promise((resolve) => {
        resolve(new OrdersWatch(hub, filter, token));
      }),
  };

  /** The store has every version before it is published. */
  async function missed(orderId: string, after: number): Promise<WatchItem[]> {
    const changes = await reader.changes(orderId);
    return changes.filter(({ change }) => change.version > after).map(({ change }) => itemOf(change));
  }
}

function snapshotOf(order: Order | AcceptedOrder): WatchItem {
  return { kind: 'snapshot', order, token: orderToken(order.version) };
}

function itemOf(change: StatusChange): WatchItem {
  return { kind: 'change', change, token: orderToken(change.version) };
}

/** An order has few versions, so that what waits here is few. */
class OrderWatch implements Watch {
  readonly #unwatch: () => void;
  #pending: WatchItem[] = [];
  #wake: () => void = () => undefined;
  #hasBegun = false;
  #version = 0;
  #token = orderToken(0);
  #isFinal = false;

  constructor(hub: StatusHub, orderId: string) {
    this.#unwatch = hub.watch(orderId, (item) => {
      if (this.#hasBegun) this.#add(item);
      else this.#pending.push(item);
    });
  }

  /** @param after versions up to it are known to the reader */
  begin(items: WatchItem[], after: number): void {
    const live = this.#pending;
    this.#pending = [];
    this.#version = after;
    this.#token = orderToken(after);
    this.#hasBegun = true;
    for (const item of [...items, ...live]) this.#add(item);
  }

  /** Nothing follows any more. */
  endAfterAll(): void {
    this.#isFinal = true;
  }

  take(): WatchItem | undefined {
    const item = this.#pending.shift();
    if (item === undefined) return undefined;
    this.#token = item.token;
    this.#isFinal ||= isFinal(stateOf(item).status);
    return item;
  }

  onReadable(listener: () => void): void {
    this.#wake = listener;
  }

  end(): WatchEnd | undefined {
    return this.#isFinal && this.#pending.length === 0 ? 'final' : undefined;
  }

  token(): string {
    return this.#token;
  }

  close(): void {
    this.#unwatch();
  }

  #add(item: WatchItem): void {
    const { version } = stateOf(item);
    if (item.kind === 'change' && version <= this.#version) return;
    this.#version = version;
    this.#pending.push(item);
    this.#wake();
  }
}

class OrdersWatch implements Watch {
  readonly #subscribed: Subscribed;
  #token: string;

  constructor(hub: StatusHub, filter: OrdersFilter, token: string | undefined) {
    const from = token === undefined ? undefined : positionsOfToken(token);
    this.#subscribed = hub.subscribe(filter, from);
    this.#token = this.#subscribed.token;
  }

  take(): WatchItem | undefined {
    const item = this.#subscribed.subscription.take();
    if (item !== undefined) this.#token = item.token;
    return item;
  }

  onReadable(listener: () => void): void {
    this.#subscribed.subscription.onReadable(listener);
  }

  end(): WatchEnd | undefined {
    return this.#subscribed.subscription.isTooSlow ? 'too-slow' : undefined;
  }

  /** Where nothing waits to be taken, it moves on with the hub: whoever sees no change for long can resume as well. */
  token(): string {
    return this.#subscribed.tokenNow() ?? this.#token;
  }

  close(): void {
    this.#subscribed.unsubscribe();
  }
}

function stateOf(item: WatchItem): { status: StatusChange['status']; version: number } {
  return item.kind === 'snapshot' ? item.order : item.change;
}
