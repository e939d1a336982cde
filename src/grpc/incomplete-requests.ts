import { constants, type ServerHttp2Stream } from 'node:http2';
import { ServiceError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { ByteCounts, type ByteLimits } from '../services/byte-counts.ts';
import { refusalHeaders, refuseStream } from './refuse-stream.ts';

export const INCOMPLETE_REQUEST_LIMITS: ByteLimits = {
  perCaller: 16 * 1024 * 1024,
  total: 64 * 1024 * 1024,
};

/**
 * Limits the bytes of requests whose end has not arrived yet: grpc-js keeps them, up to the size limit of a message for each of
 * thousands of streams. A call that would exceed the limit is refused.
 */
export class IncompleteRequests {
  readonly #limits: ByteLimits;
  readonly #metrics: Pick<Metrics, 'requestsRefused'>;
  readonly #held = new ByteCounts();

  constructor(limits: ByteLimits, metrics: Pick<Metrics, 'requestsRefused'>) {
    this.#limits = limits;
    this.#metrics = metrics;
  }

  /** Counts what the stream brings from now on. Call it when the reader of the stream listens, because this makes it flow. */
  track(stream: ServerHttp2Stream, caller: string): void {
    let bytes = 0;
    const release = () => {
      this.#held.add(caller, -bytes);
      bytes = 0;
    };
    stream.on('data', ({ length }: Buffer) => {
      if (stream.closed) return;
      bytes += length;
      this.#held.add(caller, length);
      if (!this.#isOver(caller)) return;
      release();
      this.#refuse(stream);
    });
    stream.once('end', release);
    stream.once('close', release);
  }

  #isOver(caller: string): boolean {
    return this.#held.of(caller) > this.#limits.perCaller || this.#held.total > this.#limits.total;
  }

  #refuse(stream: ServerHttp2Stream): void {
    this.#metrics.requestsRefused.inc({ protocol: 'grpc', reason: 'incomplete' });
    if (stream.headersSent) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    else refuseStream(stream, refusalHeaders(tooManyIncomplete()));
  }
}

function tooManyIncomplete(): ServiceError {
  return new ServiceError(
    'rate-limited',
    'You have begun too many requests without ending them. End them, then try again.',
  );
}
