import type { EventEmitter } from 'node:events';
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
  /** Sets, because an EventEmitter searches all listeners of a channel for the one that it removes. */
  readonly #channels = new Map<string, Set<Watcher>>();
  /** end the watch that they belong to */
  readonly #enders = new Set<() => void>();

  constructor(places: Places) {
    this.#places = places;
  }

  get count(): number {
    return this.#enders.size;
  }

  hasAny(channel: string): boolean {
    return this.#channels.has(channel);
  }

  /**
   * @returns a function that removes the watcher; calling it twice is harmless
   * @throws ServiceError `too-many-watches`, `overloaded`
   */
  add(watcher: Watcher): () => void {
    const { channel, place, onStartOver } = watcher;
    const leave = this.#places.take(place);
    // Their own objects, because two watches may pass the same ones.
    const own = { ...watcher };
    const end = () => onStartOver();
    const others = this.#channels.get(channel);
    if (others === undefined) this.#channels.set(channel, new Set([own]));
    else others.add(own);
    this.#enders.add(end);
    let isRemoved = false;
    return () => {
      if (isRemoved) return;
      isRemoved = true;
      this.#remove(own);
      this.#enders.delete(end);
      leave();
    };
  }

  /** Watchers that are removed meanwhile are called, too. */
  emit(channel: string, ...args: unknown[]): void {
    for (const { listener } of [...(this.#channels.get(channel) ?? [])]) listener(...args);
  }

  /** Tells all watchers that the log was replaced. */
  endAll(): void {
    for (const end of [...this.#enders]) end();
  }

  #remove(watcher: Watcher): void {
    const { channel } = watcher;
    const watchers = this.#channels.get(channel);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#channels.delete(channel);
  }
}
