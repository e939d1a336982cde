import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import { ServiceError } from '../base/errors.ts';
import type { Watch } from '../services/watch.ts';
import type { EventEncoder } from './event-message.ts';

/** Its messages are bytes: the events of the stream as they were encoded for all its watchers. */
export type WatchCall<Request = unknown> = ServerWritableStream<Request, Buffer>;

export interface WatchStreamOptions {
  encoder: EventEncoder;
  heartbeatMs: number;
  /** ends the call with an error */
  fail: (error: ServiceError) => void;
}

/**
 * Writes what is watched, only as fast as it is read: gRPC takes a few messages (Node's 16 objects), HTTP/2's windows let
 * so many bytes through, and all else waits in the watch, which folds and is bounded.
 */
export class WatchStream {
  readonly #call: WatchCall;
  readonly #watch: Watch;
  readonly #options: WatchStreamOptions;
  #heartbeat: NodeJS.Timeout | undefined;
  #isFull = false;
  #hasEnded = false;

  constructor(call: WatchCall, watch: Watch, options: WatchStreamOptions) {
    this.#call = call;
    this.#watch = watch;
    this.#options = options;
  }

  /** @param begin `heartbeat`: with a token at once, to resume from for whoever is cut off before the first event */
  start(begin: 'heartbeat' | 'events'): void {
    // The headers go at once: whoever waits for them knows that it is being watched.
    this.#call.sendMetadata(new Metadata());
    this.#call.on('drain', () => {
      this.#isFull = false;
      this.#writeWhatThereIs();
    });
    this.#watch.onReadable(() => this.#writeWhatThereIs());
    this.#heartbeat = setInterval(() => this.#beat(), this.#options.heartbeatMs);
    if (begin === 'heartbeat') this.#beat();
    this.#writeWhatThereIs();
  }

  /** Watches no more. Call it whatever happens. */
  stop(): void {
    this.#hasEnded = true;
    clearInterval(this.#heartbeat);
    this.#watch.close();
  }

  #writeWhatThereIs(): void {
    while (!this.#isFull && !this.#hasEnded) {
      const item = this.#watch.take();
      if (item === undefined) break;
      this.#write(this.#options.encoder.ofItem(item));
    }
    const end = this.#watch.end();
    if (end === undefined || this.#hasEnded) return;
    this.stop();
    if (end === 'final') this.#call.end();
    else this.#options.fail(tooSlow());
  }

  /** The token moves on also while nothing happens; were it left behind, it would get too old. */
  #beat(): void {
    if (!this.#isFull) this.#write(this.#options.encoder.heartbeat(this.#watch.token()));
  }

  #write(bytes: Buffer): void {
    this.#isFull = !this.#call.write(bytes);
  }
}

function tooSlow(): ServiceError {
  return new ServiceError(
    'watch-too-slow',
    'More orders changed than can be kept for a reader that lags. Watch again with the last resume token, and read faster.',
  );
}
