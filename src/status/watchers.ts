import { EventEmitter } from 'node:events';
import type { Places, PlaceRequest } from './places.ts';

export interface Watcher {
  /** `order:<id>`, `customer:<id>`, `merchant:<id>` or `all` */
  channel: string;
  place: PlaceRequest;
  /** gets the arguments of each `emit` */
  listener: Parameters<EventEmitter['on']>[1];
  /** called by `endAll` */
  onStartOver: () => void;
}

/** The watchers of a hub, each on one channel. */
export class Watchers {
  readonly #places: Places;
  readonly #channels = new EventEmitter().setMaxListeners(0);
  /** end the watch that they belong to */
  readonly #enders = new Set<() => void>();

  constructor(places: Places) {
    this.#places = places;
  }

  get count(): number {
    return this.#enders.size;
  }

  hasAny(channel: string): boolean {
    return this.#channels.listenerCount(channel) > 0;
  }

  /**
   * @returns a function that removes the watcher; calling it twice is harmless
   * @throws ServiceError `too-many-watches`, `overloaded`
   */
  add({ channel, place, listener, onStartOver }: Watcher): () => void {
    const leave = this.#places.take(place);
    // Its own function, because two watches may pass the same one.
    const end = () => onStartOver();
    this.#channels.on(channel, listener);
    this.#enders.add(end);
    let isRemoved = false;
    return () => {
      if (isRemoved) return;
      isRemoved = true;
      this.#channels.off(channel, listener);
      this.#enders.delete(end);
      leave();
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
