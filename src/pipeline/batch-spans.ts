import type { SpanContext } from '../base/trace-context.ts';
import { TOPICS } from '../log/event-log.ts';
import type { BatchTrace, TracedRecord } from '../processing/batch-trace.ts';
import { batchAttributes, recordAttributes } from '../tracing/append-span.ts';
import { SpanKind, type Attributes, type Span } from '../tracing/span.ts';
import type { Tracer } from '../tracing/tracer.ts';

/** A batch that is saved and published. Times are milliseconds since the epoch, with fractions. */
export interface PublishedBatch {
  kind: 'batch' | 'retry';
  trace: BatchTrace;
  /** records, or retried orders */
  size: number;
  /** in the main thread, before failed attempts */
  startedAt: number;
  publishedFrom: number;
}

/** As the SDK limits the links of a span by default. */
const MAX_LINKS = 128;

/**
 * Makes the spans of a batch: one for the batch, in a trace of its own with links to the traced orders; its parts below it; and
 * for each traced order one in the order's trace, with a link to the batch.
 */
export function traceBatch(tracer: Tracer, published: PublishedBatch): void {
  const { trace, startedAt, size } = published;
  const { database, consumerGroup, topicPrefix } = tracer.systems;
  const name = `process ${topicPrefix}${TOPICS.commands}`;
  const batch = tracer.startRoot(name, SpanKind.consumer, startedAt);
  batch.links = trace.records.slice(0, MAX_LINKS).map(({ parent }) => parent);
  batch.attributes = {
    ...batchAttributes(tracer, TOPICS.commands, 'process', size),
    'messaging.consumer.group.name': consumerGroup,
    'orders.batch.kind': published.kind,
    'orders.batch.traced_records': trace.records.length,
  };
  const part = (partName: string, kind: SpanKind, from: number, to: number, attributes: Attributes) => {
    const span = tracer.startChild(batch, { name: partName, kind, startedAt: from });
    span.attributes = attributes;
    tracer.end(span, to);
  };
  const store = { 'db.system.name': database };
  part('load orders', SpanKind.client, trace.startedAt, trace.loadedAt, store);
  part('run processor', SpanKind.internal, trace.loadedAt, trace.processedAt, {});
  part('save orders', SpanKind.client, trace.processedAt, trace.savedAt, {
    ...store,
    'db.operation.batch.size': size,
  });
  const now = tracer.now();
  const sent = batchAttributes(tracer, TOPICS.status, 'send', size);
  part(`send ${topicPrefix}${TOPICS.status}`, SpanKind.producer, published.publishedFrom, now, sent);
  for (const record of trace.records) {
    tracer.end(orderSpan(tracer, { record, trace, name, batch }), trace.savedAt);
  }
  tracer.end(batch, now);
}

interface OrderSpanParts {
  record: TracedRecord;
  trace: BatchTrace;
  name: string;
  batch: SpanContext;
}

function orderSpan(tracer: Tracer, { record, trace, name, batch }: OrderSpanParts): Span {
  const { parent, spanId, orderId, outcome } = record;
  const kind = SpanKind.consumer;
  const { startedAt } = trace;
  const span = tracer.startChild(parent, { name, kind, isParentRemote: true, startedAt, spanId });
  span.links = [batch];
  const message = { topic: TOPICS.commands, operation: 'process', orderId, position: record } as const;
  const attributes = recordAttributes(tracer, message);
  attributes['orders.order.outcome'] = outcome;
  span.attributes = attributes;
  if (outcome === 'dead-lettered') span.failure = 'The record became a dead letter.';
  return span;
}
