import { ServerInterceptingCall, status, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import type { Metrics } from '../base/metrics.ts';
import type { CallStatus } from './rich-error.ts';

type CallMetrics = Pick<Metrics, 'grpcStarted' | 'grpcHandled' | 'grpcOpenStreams'>;

interface OpenCall {
  end(finalStatus: CallStatus): void;
}

/** Counts the calls of all services, and ends open streams at once. */
export class Calls {
  readonly #metrics: CallMetrics;
  readonly #streams = new Set<OpenCall>();
  /** keyed by the metadata of the call: interceptors and handlers have the same object */
  readonly #calls = new WeakMap<Metadata, OpenCall>();

  constructor(metrics: CallMetrics) {
    this.#metrics = metrics;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Ends all open streams. Items not written yet are dropped: readers resume. */
  endStreams(finalStatus: CallStatus): void {
    for (const stream of [...this.#streams]) stream.end(finalStatus);
  }

  /**
   * Ends a call at once. It does not wait for the client to read, because a client that does not read would keep the call open.
   * Items not sent yet are dropped: readers resume.
   */
  end(metadata: Metadata, finalStatus: CallStatus): void {
    this.#calls.get(metadata)?.end(finalStatus);
  }

  /** Sees only calls of existing methods, so callers cannot create labels. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    const { grpcStarted, grpcHandled, grpcOpenStreams } = this.#metrics;
    const [, grpc_service = '', grpc_method = ''] = method.path.split('/');
    const labels = { grpc_service, grpc_method };
    let isHandled = false;
    const deadline = performance.now() + (Number(call.getDeadline()) - Date.now());
    const handled = (code: status) => {
      if (isHandled) return;
      isHandled = true;
      grpcHandled.inc({ ...labels, grpc_code: status[code] });
      if (this.#streams.delete(stream)) grpcOpenStreams.dec(labels);
    };
    const counted = new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            this.#calls.set(metadata, stream);
            pass(metadata);
          },
          onCancel: () => handled(codeOfCancelled(deadline)),
        }),
      // A message after the end would break the stream.
      sendMessage: (message, next) => {
        if (!isHandled) next(message);
      },
      sendStatus: (sent, next) => {
        if (isHandled) return;
        handled(sent.code);
        next(sent);
      },
    });
    const stream = { end: (finalStatus: CallStatus) => counted.sendStatus(finalStatus) };
    grpcStarted.inc(labels);
    if (method.responseStream) {
      this.#streams.add(stream);
      grpcOpenStreams.inc(labels);
    }
    return counted;
  };
}

/**
 * grpc-js handles an expired deadline below the interceptors, which see only a cancelled call.
 * @param deadline on the monotonic clock
 */
function codeOfCancelled(deadline: number): status {
  return performance.now() >= deadline ? status.DEADLINE_EXCEEDED : status.CANCELLED;
}
