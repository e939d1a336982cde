import { sampledTraceparent, type SpanContext } from '../base/trace-context.ts';

/** The numbers of OpenTelemetry. */
export const SpanKind = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const;
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Receives spans that have ended. */
export interface SpanSink {
  add(span: Span): void;
}

export interface SpanStart {
  name: string;
  kind: SpanKind;
  traceId: string;
  spanId: string;
  /** undefined: the root of its trace */
  parentSpanId: string | undefined;
  /** another process has the parent */
  isParentRemote: boolean;
  /** milliseconds since the epoch, with fractions */
  startedAt: number;
}

/** A span of a sampled trace; others have none. A plain object, because the objects of the SDK cost several times as much. */
export class Span implements SpanContext {
  name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly isParentRemote: boolean;
  readonly startedAt: number;
  /** sampled; with this a span is a context of the SDK as well */
  readonly traceFlags = 1;
  endedAt = 0;
  attributes: Attributes = NO_ATTRIBUTES;
  links: readonly SpanContext[] = NO_LINKS;
  /** why the operation failed; undefined if it did not */
  failure: string | undefined;

  constructor({ name, kind, traceId, spanId, parentSpanId, isParentRemote, startedAt }: SpanStart) {
    this.name = name;
    this.kind = kind;
    this.traceId = traceId;
    this.spanId = spanId;
    this.parentSpanId = parentSpanId;
    this.isParentRemote = isParentRemote;
    this.startedAt = startedAt;
  }

  get traceparent(): string {
    return sampledTraceparent(this);
  }
}

const NO_ATTRIBUTES: Attributes = {};
const NO_LINKS: readonly SpanContext[] = [];
