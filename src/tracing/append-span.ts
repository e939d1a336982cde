import { toError } from '../base/errors.ts';
import { type Position, UNKNOWN_OFFSET } from '../base/position.ts';
import { SpanKind, type Attributes, type Span } from './span.ts';
import type { Tracer } from './tracer.ts';

/** The span of an append to the event log. Its traceparent belongs into the record. */
export function startAppend(tracer: Tracer, parent: Span, topic: string): Span {
  const destination = tracer.systems.topicPrefix + topic;
  return tracer.startChild(parent, { name: `send ${destination}`, kind: SpanKind.producer });
}

/** Waits for an append and ends its span. @returns the result of the append, errors included */
export function endAppend(
  tracer: Tracer,
  span: Span,
  { topic, orderId }: { topic: string; orderId: string },
  appending: Promise<Position>,
): Promise<Position> {
  const end = (position?: Position) => {
    span.attributes = recordAttributes(tracer, { topic, operation: 'send', orderId, position });
    tracer.end(span);
  };
  return appending.then(
    (position) => {
      end(position);
      return position;
    },
    (error: unknown) => {
      span.failure = toError(error).message;
      end();
      throw error;
    },
  );
}

export interface TracedMessage {
  topic: string;
  /** both the name and the type of the operation */
  operation: 'send' | 'process';
  orderId: string;
  /** undefined if it is not known */
  position: Position | undefined;
}

/** What the span of one record says. Written as one object, because V8 merges objects slowly. */
export function recordAttributes(
  { systems }: Pick<Tracer, 'systems'>,
  { topic, operation, orderId, position }: TracedMessage,
): Record<string, string | number> {
  const attributes: Record<string, string | number> = {
    'messaging.system': systems.messaging,
    'messaging.destination.name': systems.topicPrefix + topic,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'orders.order.id': orderId,
  };
  if (position !== undefined) {
    attributes['messaging.destination.partition.id'] = String(position.partition);
    if (position.offset !== UNKNOWN_OFFSET) attributes['messaging.kafka.offset'] = position.offset;
  }
  return attributes;
}

/** What the span of a batch of records says. */
export function batchAttributes(
  { systems }: Pick<Tracer, 'systems'>,
  topic: string,
  operation: 'send' | 'process',
  count: number,
): Attributes {
  return {
    'messaging.system': systems.messaging,
    'messaging.destination.name': systems.topicPrefix + topic,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
    'messaging.batch.message_count': count,
  };
}
