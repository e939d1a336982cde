import type { Metrics } from '../base/metrics.ts';

/** Bytes that all readers together may leave unread in this process's buffers. */
export const MAX_LAGGING_BYTES = 64 * 1024 * 1024;

export interface LaggingReader {
  /** Ends the stream of the reader and frees its buffers. */
  cutOff(): void;
}

export type LaggingMetrics = Pick<Metrics, 'laggingReaderBytes' | 'watchesCutOff'>;

/**
 * Invariant 9: the bytes in the buffers of readers that do not read are bounded for all readers together. Beyond the limit
 * those that have not read for the longest time are cut off.
 */
export class LaggingReaders {
  readonly #maxBytes: number;
  readonly #metrics: LaggingMetrics | undefined;
  /** reader → bytes; those that have not read for the longest time come first */
  readonly #held = new Map<LaggingReader, number>();
  #bytes = 0;

  constructor(maxBytes = MAX_LAGGING_BYTES, metrics?: LaggingMetrics) {
    this.#maxBytes = maxBytes;
    this.#metrics = metrics;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The buffers of the reader are full. May cut off readers, this one as well. */
  hold(reader: LaggingReader, bytes: number): void {
    this.#count(bytes - (this.#held.get(reader) ?? 0));
    this.#held.set(reader, bytes);
    while (this.#bytes > this.#maxBytes) {
      const [slowest] = this.#held.keys();
      if (slowest === undefined) return;
      this.release(slowest);
      this.#metrics?.watchesCutOff.inc({ reason: 'bytes' });
      slowest.cutOff();
    }
  }

  /** The reader has read, or is gone. */
  release(reader: LaggingReader): void {
    this.#count(-(this.#held.get(reader) ?? 0));
    this.#held.delete(reader);
  }

  /** Counts a reader that was ended because it lagged too far behind the changes. */
  countTooSlow(): void {
    this.#metrics?.watchesCutOff.inc({ reason: 'lag' });
  }

  #count(bytes: number): void {
    if (bytes === 0) return;
    this.#bytes += bytes;
    this.#metrics?.laggingReaderBytes.set(this.#bytes);
  }
}
