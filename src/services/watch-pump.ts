import type { Watch, WatchEnd, WatchItem } from './watch-service.ts';

/** Proxies drop a connection that is silent for longer; milliseconds. */
const HEARTBEAT_MS = 15_000;

/** How a protocol writes the events of a stream. */
export interface EventEncoder<Chunk> {
  item: (item: WatchItem) => Chunk;
  heartbeat: (token: string) => Chunk;
}

/** A writable stream of Node: an HTTP response, or a gRPC call. */
interface EventSink<Chunk> {
  write(chunk: Chunk): boolean;
  on(event: 'drain', listener: () => void): unknown;
}

/** All watchers of an item get the same chunk: it is made once. */
export function encodeOnce<Chunk extends string | Buffer>(
  encode: (item: WatchItem) => Chunk,
): (item: WatchItem) => Chunk {
  const chunks = new WeakMap<WatchItem, Chunk>();
  return (item) => {
    let chunk = chunks.get(item);
    if (chunk === undefined) {
      chunk = encode(item);
      chunks.set(item, chunk);
    }
    return chunk;
  };
}

/**
 * Writes a watch to a stream with heartbeats, only as fast as it is read.
 *
 * Invariant 9: while the stream is full everything waits in the watch, which is bounded and folds to the latest per order.
 */
export class WatchPump<Chunk extends string | Buffer> {
  readonly #watch: Watch;
  readonly #stream: EventSink<Chunk>;
  readonly #encoder: EventEncoder<Chunk>;
  readonly #onEnd: (end: WatchEnd) => void;
  readonly #heartbeatMs: number;
  #heartbeat: NodeJS.Timeout | undefined;
  #isFull = false;
  #hasEnded = false;

  constructor(
    watch: Watch,
    stream: EventSink<Chunk>,
    options: {
      encoder: EventEncoder<Chunk>;
      /** the watch has ended by itself; nothing is written any more */
      onEnd: (end: WatchEnd) => void;
      heartbeatMs?: number | undefined;
    },
  ) {
    this.#watch = watch;
    this.#stream = stream;
    this.#encoder = options.encoder;
    this.#onEnd = options.onEnd;
    this.#heartbeatMs = options.heartbeatMs ?? HEARTBEAT_MS;
  }

  /** @param first written before any event */
  start(first?: Chunk): void {
    this.#stream.on('drain', () => {
      this.#isFull = false;
      this.#writeItems();
    });
    this.#watch.onReadable(() => this.#writeItems());
    this.#heartbeat = setInterval(() => this.#beat(), this.#heartbeatMs);
    if (first !== undefined) this.#write(first);
    this.#writeItems();
  }

  /** Closes the watch. Must be called in the end; calling it twice is harmless. */
  stop(): void {
    this.#hasEnded = true;
    clearInterval(this.#heartbeat);
    this.#watch.close();
  }

  #writeItems(): void {
    while (!this.#isFull && !this.#hasEnded) {
      const item = this.#watch.take();
      if (item === undefined) break;
      this.#write(this.#encoder.item(item));
    }
    const end = this.#hasEnded ? undefined : this.#watch.end();
    if (end === undefined) return;
    this.stop();
    this.#onEnd(end);
  }

  /** The token moves on while nothing happens; left behind, it would become too old to resume from. */
  #beat(): void {
    if (!this.#isFull) this.#write(this.#encoder.heartbeat(this.#watch.token()));
  }

  #write(chunk: Chunk): void {
    this.#isFull = !this.#stream.write(chunk);
  }
}
