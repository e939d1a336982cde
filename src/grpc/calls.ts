import { ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';
import type { Metrics } from '../base/metrics.ts';
import type { CallStatus } from './rich-error.ts';

type CallMetrics = Pick<Metrics, 'grpcStarted' | 'grpcHandled' | 'grpcOpenStreams'>;

/** Counts the calls of all services, and ends open streams when the server stops. */
export class Calls {
  readonly #metrics: CallMetrics;
  readonly #streams = new Set<{ end(with_: CallStatus): void }>();

  constructor(metrics: CallMetrics) {
    this.#metrics = metrics;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Items not written yet are left out: the readers resume. */
  endStreams(with_: CallStatus): void {
    for (const stream of [...this.#streams]) stream.end(with_);
  }

  /** It sees only calls of existing methods, so that callers cannot invent labels. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    const { grpcStarted, grpcHandled, grpcOpenStreams } = this.#metrics;
    const [, grpc_service = '', grpc_method = ''] = method.path.split('/');
    const labels = { grpc_service, grpc_method };
    let isHandled = false;
    const handled = (code: status) => {
      if (isHandled) return;
      isHandled = true;
      grpcHandled.inc({ ...labels, grpc_code: status[code] });
      if (this.#streams.delete(stream)) grpcOpenStreams.dec(labels);
    };
    const counted = new ServerInterceptingCall(call, {
      start: (next) => next({ onCancel: () => handled(codeOfCancelled(Number(call.getDeadline()))) }),
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
    const stream = { end: (with_: CallStatus) => counted.sendStatus(with_) };
    grpcStarted.inc(labels);
    if (method.responseStream) {
      this.#streams.add(stream);
      grpcOpenStreams.inc(labels);
    }
    return counted;
  };
}

/** A passed deadline is answered below the interceptors, which see only that the call ended. */
function codeOfCancelled(deadline: number): status {
  return Date.now() >= deadline ? status.DEADLINE_EXCEEDED : status.CANCELLED;
}
