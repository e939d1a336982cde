import type { Watch, WatchEnd, WatchItem } from './watch.ts';

/** Shorter than the idle timeout of common proxies. */
const HEARTBEAT_MS = 15_000;

/** How a protocol encodes the events of a stream. */
export interface EventEncoder<Chunk> {
  item: (item: WatchItem) => Chunk;
  heartbeat: (token: string) => Chunk;
}

/** A writable Node stream: an HTTP response or a gRPC call. */
export interface EventSink<Chunk> {
  write(chunk: Chunk): boolean;
  on(event: 'drain', listener: () => void): unknown;
}

export interface PumpOptions<Chunk> {
  encoder: EventEncoder<Chunk>;
  /** written before any event */
  first?: Chunk | undefined;
  heartbeatMs?: number | undefined;
  /** called when the watch ends by itself; nothing more is written */
  onEnd: (end: WatchEnd) => void;
}

/**
 * Writes a watch and its heartbeats to a stream, only as fast as the reader reads.
 *
 * Invariant 9: while the stream is full, events wait in the watch, which is bounded and folds to the latest per order.
 * @returns a function that closes the watch; always call it at the end; calling it twice is harmless
 */
export function pumpWatch<Chunk extends string | Buffer>(
  watch: Watch,
  sink: EventSink<Chunk>,
  { encoder, first, heartbeatMs = HEARTBEAT_MS, onEnd }: PumpOptions<Chunk>,
): () => void {
  let isFull = false;
  let hasEnded = false;
  const write = (chunk: Chunk) => {
    isFull = !sink.write(chunk);
  };
  // Heartbeats carry the current token: the token of the last event of a quiet watch would become too old to resume from.
  const heartbeat = setInterval(() => {
    if (!isFull) write(encoder.heartbeat(watch.token()));
  }, heartbeatMs);
  const stop = () => {
    hasEnded = true;
    clearInterval(heartbeat);
    watch.close();
  };
  const writeItems = () => {
    while (!isFull && !hasEnded) {
      const item = watch.take();
      if (item === undefined) break;
      write(encoder.item(item));
    }
    const end = hasEnded ? undefined : watch.end();
    if (end === undefined) return;
    stop();
    onEnd(end);
  };
  sink.on('drain', () => {
    isFull = false;
    writeItems();
  });
  watch.onReadable(writeItems);
  if (first !== undefined) write(first);
  writeItems();
  return stop;
}

/** Encodes each item once; all its watchers share the chunk. */
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
