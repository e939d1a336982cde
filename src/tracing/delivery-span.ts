import { sampledContext } from '../base/trace-context.ts';
import { SpanKind } from './span.ts';
import type { Tracer } from './tracer.ts';

/** Thousands of watchers may be told of one change. */
const MAX_SPANS = 8;

export interface DeliveredChange {
  orderId: string;
  version: number;
  status: string;
  traceparent?: string | undefined;
}

/** Makes a span for each watcher that is told of a change of a traced order, up to a limit for each change. */
export class DeliverySpans {
  readonly #tracer: Tracer;
  readonly #counts = new WeakMap<DeliveredChange, number>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Call it when the change has been written. @param startedAt by the tracer's clock */
  add(change: DeliveredChange, protocol: 'sse' | 'grpc', startedAt: number): void {
    const parent = sampledContext(change.traceparent);
    if (parent === undefined) return;
    const count = (this.#counts.get(change) ?? 0) + 1;
    if (count > MAX_SPANS) return;
    this.#counts.set(change, count);
    const { systems } = this.#tracer;
    const span = this.#tracer.startChild(parent, {
      name: 'tell watcher',
      kind: SpanKind.consumer,
      isParentRemote: true,
      startedAt,
    });
    span.attributes = {
      'messaging.system': systems.messaging,
      'messaging.destination.name': `${systems.topicPrefix}orders.status`,
      'messaging.operation.name': 'tell',
      'messaging.operation.type': 'process',
      'orders.order.id': change.orderId,
      'orders.order.version': change.version,
      'orders.order.status': change.status,
      'orders.watch.protocol': protocol,
    };
    this.#tracer.end(span);
  }

  now(): number {
    return this.#tracer.now();
  }
}
