import type { WatchItem } from './watch.ts';

/** How a protocol encodes the events of a stream. */
export interface EventEncoder<Chunk> {
  protocol: 'sse' | 'grpc';
  item: (item: WatchItem) => Chunk;
  heartbeat: (token: string) => Chunk;
  /** joins chunks for one write; undefined if each event needs its own */
  join?: (chunks: Chunk[]) => Chunk;
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
