import type { OrderAccess } from '../order/access.ts';
import type { StatusChange } from '../order/commands.ts';
import { isFinal } from '../order/lifecycle.ts';
import { type OrderPoint, orderToken } from '../status/resume-token.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { Watch, WatchEnd, WatchItem } from './watch.ts';

export const BEFORE_FIRST_VERSION: OrderPoint = { version: 0, at: undefined };

/**
 * The watch of one order. It collects changes from the start, so create it before reading the order (invariant 10). An order
 * has few versions, so its queue needs no bound.
 */
export class OrderWatch implements Watch {
  readonly #unwatch: () => void;
  #pending: WatchItem[] = [];
  #wake: () => void = () => undefined;
  #version = 0;
  #token = orderToken(BEFORE_FIRST_VERSION);
  #isFinal = false;
  #hasStartedOver = false;

  /**
   * @param caller see `PlaceRequest`
   * @throws ServiceError `too-many-watches`, `overloaded`
   */
  constructor(hub: StatusHub, orderId: string, access: OrderAccess, caller: string | undefined) {
    this.#unwatch = hub.watch(orderId, access, (item) => this.#add(item), {
      place: { kind: 'stream', caller },
      onStartOver: () => this.#endByStartOver(),
    });
  }

  /**
   * @param items what was read; changes that arrived during the read follow
   * @param after the watcher already has the versions up to this one
   */
  begin(items: WatchItem[], { after, isFinal }: { after: OrderPoint; isFinal: boolean }): void {
    const live = this.#pending;
    this.#pending = [];
    this.#version = after.version;
    this.#token = orderToken(after);
    this.#isFinal = isFinal;
    for (const item of [...items, ...live]) this.#add(item);
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
    if (this.#hasStartedOver) return 'started-over';
    return this.#isFinal && this.#pending.length === 0 ? 'final' : undefined;
  }

  token(): string {
    return this.#token;
  }

  close(): void {
    this.#unwatch();
  }

  #endByStartOver(): void {
    this.#hasStartedOver = true;
    this.#pending = [];
    this.#wake();
  }

  #add(item: WatchItem): void {
    if (this.#hasStartedOver) return;
    const { version } = stateOf(item);
    if (item.kind === 'change' && version <= this.#version) return;
    this.#version = version;
    this.#pending.push(item);
    this.#wake();
  }
}

function stateOf(item: WatchItem): { status: StatusChange['status']; version: number } {
  return item.kind === 'snapshot' ? item.order : item.change;
}
