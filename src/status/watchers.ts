import { EventEmitter } from 'node:events';
import { ServiceError } from '../base/errors.ts';

/** The watchers of a hub, each on one channel: `order:<id>`, `customer:<id>`, `merchant:<id>` or `all`. */
export class Watchers {
  readonly #max: number;
  readonly #channels = new EventEmitter().setMaxListeners(0);
  /** end the watch that they belong to */
  readonly #enders = new Set<() => void>();

  /** @param max the maximum number of concurrent watchers */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#enders.size;
  }

  hasAny(channel: string): boolean {
    return this.#channels.listenerCount(channel) > 0;
  }

  /** Call it before `add`. @throws ServiceError `overloaded` if there are as many watchers as allowed */
  admit(): void {
    if (this.count < this.#max) return;
    throw new ServiceError(
      'overloaded',
      `This replica already has ${this.#max} watchers. Try another replica, or try later.`,
    );
  }

  /**
   * @param listener gets the arguments of each `emit`
   * @param onStartOver called by `endAll`
   * @returns a function that removes the watcher; it returns false if it was called before
   */
  add(channel: string, listener: Parameters<EventEmitter['on']>[1], onStartOver: () => void): () => boolean {
    // Its own function, because two watches may pass the same one.
    const end = () => onStartOver();
    this.#channels.on(channel, listener);
    this.#enders.add(end);
    let isRemoved = false;
    return () => {
      if (isRemoved) return false;
      isRemoved = true;
      this.#channels.off(channel, listener);
      this.#enders.delete(end);
      return true;
    };
  }

  emit(channel: string, ...args: unknown[]): void {
    this.#channels.emit(channel, ...args);
  }

  /** Tells all watchers that the log was replaced. */
  endAll(): void {
    for (const end of [...this.#enders]) end();
  }
}
