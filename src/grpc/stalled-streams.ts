import { constants, type ServerHttp2Stream } from 'node:http2';
import { ServiceError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { refusalHeaders, refuseStream } from './refuse-stream.ts';

interface Progress {
  /** whether its client may take as long as it likes to read, until the service ends the stream */
  mayPause: boolean;
  /** bytes that HTTP/2 has not sent */
  unsent: number;
  /** `performance.now()` when the stream was opened, or `unsent` last changed */
  at: number;
}

/**
 * Ends streams whose client does not complete its request, or takes nothing of a response, for too long. HTTP/2 has no such limit:
 * a client can keep half a request, or a response behind a closed window, here as long as its connection lives.
 */
export class StalledStreams {
  readonly #timeoutMs: number;
  readonly #metrics: Pick<Metrics, 'responsesCutOff' | 'requestsRefused'>;
  readonly #streams = new Map<ServerHttp2Stream, Progress>();
  #timer: NodeJS.Timeout | undefined;

  /** @param timeoutMs checked four times in this time */
  constructor(timeoutMs: number, metrics: Pick<Metrics, 'responsesCutOff' | 'requestsRefused'>) {
    this.#timeoutMs = timeoutMs;
    this.#metrics = metrics;
  }

  /** Watches a stream until `remove`. @param options see `Progress` */
  add(stream: ServerHttp2Stream, { mayPause }: { mayPause: boolean }): void {
    this.#streams.set(stream, { mayPause, unsent: 0, at: performance.now() });
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
    const now = performance.now();
    for (const [stream, last] of this.#streams) {
      const isLate = now - last.at >= this.#timeoutMs;
      const mayPause = last.mayPause && !stream.writableEnded;
      if (!stream.readableEnded) {
        if (isLate) this.#refuseRequest(stream);
      } else if (stream.writableLength !== last.unsent || last.unsent === 0 || mayPause) {
        Object.assign(last, { unsent: stream.writableLength, at: now });
      } else if (isLate) this.#resetResponse(stream);
    }
  }

  #refuseRequest(stream: ServerHttp2Stream): void {
    this.#metrics.requestsRefused.inc({ protocol: 'grpc', reason: 'incomplete' });
    if (stream.headersSent) stream.close(constants.NGHTTP2_CANCEL);
    else refuseStream(stream, refusalHeaders(tooLate()));
  }

  #resetResponse(stream: ServerHttp2Stream): void {
    this.#metrics.responsesCutOff.inc();
    stream.close(constants.NGHTTP2_CANCEL);
  }
}

function tooLate(): ServiceError {
  return new ServiceError('rate-limited', 'The end of the request did not arrive in time. Send it at once.');
}
