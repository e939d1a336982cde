import { formatPosition, type Position } from '../base/position.ts';
import { sampledTraceparent, type SpanContext } from '../base/trace-context.ts';
import type { StatusChange } from '../order/commands.ts';

/**
 * What the spans of a batch are made of. Spans are made in the main thread, because only it has an exporter; this crosses the
 * threads instead of a context. Times are milliseconds since the epoch, with fractions.
 */
export interface BatchTrace {
  startedAt: number;
  loadedAt: number;
  processedAt: number;
  savedAt: number;
  /** the traced records, at most all of the batch */
  records: TracedRecord[];
}

export interface TracedRecord extends Position {
  /** the span of its append */
  parent: SpanContext;
  /** of the span of its processing, to which its status change refers */
  spanId: string;
  orderId: string;
  /** milliseconds since the epoch */
  appendedAt: number;
  /** its new status, or `refused`, `retrying` or `dead-lettered` */
  outcome: string;
}

/** What a thread needs for traces. */
export interface ThreadTracing {
  now: () => number;
  newSpanId: () => string;
}

/** Adds to a change the context of its processing, if its record is traced. */
export function changeTracer(trace: BatchTrace | undefined): (change: StatusChange) => StatusChange {
  if (trace === undefined) return (change) => change;
  const traceparents = new Map(
    trace.records.map((record) => [
      formatPosition(record),
      sampledTraceparent({ traceId: record.parent.traceId, spanId: record.spanId }),
    ]),
  );
  return (change) => {
    const traceparent = traceparents.get(formatPosition(change.cause));
    return traceparent === undefined ? change : { ...change, traceparent };
  };
}
