import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Metrics } from '../base/metrics.ts';

interface Progress {
  /** bytes that HTTP/2 has not sent */
  unsent: number;
  /** `performance.now()` when `unsent` last changed */
  at: number;
}

/**
 * Resets streams whose client takes nothing of a response for too long. HTTP/2 has no such limit: a client that does not open its
 * window can keep a response here as long as its connection lives.
 */
export class StalledStreams {
  readonly #timeoutMs: number;
  readonly #metrics: Pick<Metrics, 'responsesCutOff'>;
  readonly #streams = new Map<ServerHttp2Stream, Progress | undefined>();
  #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs checked four times in this time */
  constructor(timeoutMs: number, metrics: Pick<Metrics, 'responsesCutOff'>) {
    this.#timeoutMs = timeoutMs;
    this.#metrics = metrics;
  }

  /** Watches a stream until `remove`. */
  add(stream: ServerHttp2Stream): void {
    this.#streams.set(stream, undefined);
    this.#timer ??= setInterval(() => this.#check(), this.#timeoutMs / 4).unref();
  }

  remove(stream: ServerHttp2Stream): void {
    this.#streams.delete(stream);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #check(): void {
    const at = performance.now();
    for (const [stream, last] of this.#streams) {
      const unsent = stream.writableLength;
      if (unsent === 0) this.#streams.set(stream, undefined);
      else if (unsent !== last?.unsent) this.#streams.set(stream, { unsent, at });
      else if (at - last.at >= this.#timeoutMs) this.#reset(stream);
    }
  }

  #reset(stream: ServerHttp2Stream): void {
    this.#metrics.responsesCutOff.inc();
    this.#streams.delete(stream);
    stream.close(constants.NGHTTP2_CANCEL);
  }
}
