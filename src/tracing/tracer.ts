import { contextOf, sampledContext, type SpanContext } from '../base/trace-context.ts';
import type { SamplerConfig } from '../config/tracing-config.ts';
import { createTraceClock } from './clock.ts';
import { TraceIds } from './ids.ts';
import { isSampled } from './sampler.ts';
import { Span, SpanKind, type SpanSink } from './span.ts';

/** What spans say about the parts that this service uses. */
export interface TracedSystems {
  /** `kafka`, or `order-system` for the embedded log */
  messaging: string;
  topicPrefix: string;
  consumerGroup: string;
  /** `sqlite` or `postgresql` */
  database: string;
}

export interface TracerOptions {
  sampler: SamplerConfig;
  systems: TracedSystems;
  sink: SpanSink;
  now?: () => number;
}

export interface ChildStart {
  name: string;
  kind: SpanKind;
  /** another process has the parent */
  isParentRemote?: boolean;
  /** by default now */
  startedAt?: number;
  /** by default a new one */
  spanId?: string;
}

/** Makes the spans of this process. It exists only while tracing is on; code that is traced has `Tracer | undefined`. */
export class Tracer {
  readonly systems: TracedSystems;
  /** milliseconds since the epoch, with fractions */
  readonly now: () => number;
  readonly #sampler: SamplerConfig;
  readonly #sink: SpanSink;
  readonly #ids = new TraceIds();

  constructor({ sampler, systems, sink, now = createTraceClock() }: TracerOptions) {
    this.#sampler = sampler;
    this.systems = systems;
    this.#sink = sink;
    this.now = now;
  }

  /**
   * The span of a request that arrives. @param caller its traceparent, well formed
   * @returns undefined if the request is not sampled
   */
  startRequest(caller: string | undefined): Span | undefined {
    const { parentBased } = this.#sampler;
    if (caller === undefined) {
      const traceId = this.#ids.traceId();
      return isSampled(traceId, this.#sampler) ? this.#start(traceId, undefined) : undefined;
    }
    if (parentBased) {
      const parent = sampledContext(caller);
      return parent && this.#start(parent.traceId, parent.spanId);
    }
    const { traceId, spanId } = contextOf(caller);
    return isSampled(traceId, this.#sampler) ? this.#start(traceId, spanId) : undefined;
  }

  /** A span of a new trace. */
  startRoot(name: string, kind: SpanKind, startedAt: number): Span {
    const [traceId, spanId] = [this.#ids.traceId(), this.#ids.spanId()];
    return new Span({
      name,
      kind,
      traceId,
      spanId,
      parentSpanId: undefined,
      isParentRemote: false,
      startedAt,
    });
  }

  startChild(
    { traceId, spanId: parentSpanId }: SpanContext,
    { name, kind, isParentRemote = false, startedAt = this.now(), spanId = this.#ids.spanId() }: ChildStart,
  ): Span {
    return new Span({ name, kind, traceId, spanId, parentSpanId, isParentRemote, startedAt });
  }

  /** Ends a span and passes it on. */
  end(span: Span, endedAt = this.now()): void {
    span.endedAt = Math.max(endedAt, span.startedAt);
    this.#sink.add(span);
  }

  #start(traceId: string, parentSpanId: string | undefined): Span {
    return new Span({
      name: '',
      kind: SpanKind.server,
      traceId,
      spanId: this.#ids.spanId(),
      parentSpanId,
      isParentRemote: true,
      startedAt: this.now(),
    });
  }
}
