import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { ServiceError, toError } from '../base/errors.ts';
import { parseTimestamp } from '../base/timestamp.ts';
import { ALL_ORDERS, type OrderAccess } from './access.ts';
import type { AcceptedOrder, Command, StatusChange } from './commands.ts';
import { createEventText, EVENT_TYPES } from './event-text.ts';
import { ORDER_STATUSES, REQUESTABLE_STATUSES } from './lifecycle.ts';
import { ACCEPTED_FIELDS } from './order.ts';
import { createPlacedReader } from './placed-text.ts';

const envelope = {
  specversion: Type.Literal('1.0'),
  id: Type.String({ minLength: 1, maxLength: 256 }),
  source: Type.String({ minLength: 1 }),
  subject: Type.String({ minLength: 1, maxLength: 64 }),
  time: Type.String({ maxLength: 40, description: 'RFC 3339, read by parseTimestamp' }),
  datacontenttype: Type.Optional(Type.Literal('application/json')),
  traceparent: Type.Optional(Type.String()),
};

const PlacedEvent = Type.Object({
  ...envelope,
  type: Type.Literal(EVENT_TYPES.placed),
  data: Type.Object({
    ...ACCEPTED_FIELDS,
    total: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    fingerprint: Type.Optional(Type.String()),
  }),
});

/** An actor that may not use all orders. Any other form is refused: without an actor, the event would count as one of an operator. */
const Actor = Type.Union([
  Type.Object({ customerId: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
  Type.Object({ merchantId: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
]);

const TransitionRequestedEvent = Type.Object({
  ...envelope,
  type: Type.Literal(EVENT_TYPES.transitionRequested),
  data: Type.Object({
    to: Type.Enum([...REQUESTABLE_STATUSES]),
    reason: Type.Optional(Type.String()),
    expectedVersion: Type.Optional(Type.Integer({ minimum: 0 })),
    actor: Type.Optional(Actor),
  }),
});

const StatusChangedEvent = Type.Object({
  ...envelope,
  type: Type.Literal(EVENT_TYPES.statusChanged),
  data: Type.Object({
    customerId: Type.String(),
    merchantId: Type.String(),
    status: Type.Enum([...ORDER_STATUSES]),
    version: Type.Integer({ minimum: 1 }),
    reason: Type.Union([Type.String(), Type.Null()]),
    cause: Type.Object({ partition: Type.Integer({ minimum: 0 }), offset: Type.Integer({ minimum: 0 }) }),
  }),
});

/**
 * Encodes commands and status changes as CloudEvents 1.0 in structured JSON mode
 * (https://github.com/cloudevents/spec, "JSON Event Format"). `subject` is the order id.
 */
export interface EventCodec {
  encodeCommand(command: Command): Buffer;
  /** @throws ServiceError `record-undecodable` with the reason */
  decodeCommand(value: Buffer | string | null): Command;
  /** As `decodeCommand`, but the order may be a `RecordedOrder`, which is much faster. @throws as `decodeCommand` */
  readCommand(text: string | null): Command;
  encodeStatusChange(change: StatusChange): string;
  /** @throws ServiceError `record-undecodable` */
  decodeStatusChange(value: Buffer | string | null): StatusChange;
}

/** Compiles validators and serialisers, which takes milliseconds: create one codec per thread and keep it. */
export function createEventCodec(): EventCodec {
  const placed = Compile(PlacedEvent);
  const transition = Compile(TransitionRequestedEvent);
  const statusChanged = Compile(StatusChangedEvent);
  const text = createEventText();
  const readPlaced = createPlacedReader();

  const decodeCommand = (value: Buffer | string | null): Command => {
    const event = parse(value);
    if (placed.Check(event)) {
      const { total, fingerprint, customerId, merchantId, currency, items, metadata } = event.data;
      const order: AcceptedOrder = { customerId, merchantId, currency, items, total };
      if (metadata !== undefined) order.metadata = metadata;
      return { kind: 'place', ...envelopeOf(event), order, fingerprint };
    }
    if (transition.Check(event)) {
      const { to, reason, expectedVersion } = event.data;
      const actor = actorOf(event.data.actor);
      return { kind: 'transition', ...envelopeOf(event), to, reason, expectedVersion, actor };
    }
    const type = typeof event === 'object' && event !== null && 'type' in event ? event.type : undefined;
    const errors = type === EVENT_TYPES.transitionRequested ? transition.Errors(event) : placed.Errors(event);
    throw undecodable(errors[0]);
  };

  return {
    encodeCommand: (command) => Buffer.from(text.ofCommand(command)),
    decodeCommand,
    readCommand: (value) => (value === null ? undefined : readPlaced(value)) ?? decodeCommand(value),
    encodeStatusChange: (change) => text.ofStatusChange(change),
    decodeStatusChange(value) {
      const event = parse(value);
      if (!statusChanged.Check(event)) throw undecodable(statusChanged.Errors(event)[0]);
      const { customerId, merchantId, status, version, reason, cause } = event.data;
      const { partition, offset } = cause;
      const change: StatusChange = {
        orderId: event.subject,
        customerId,
        merchantId,
        status,
        version,
        at: timeOf(event.time),
        reason,
        cause: { partition, offset },
      };
      if (event.traceparent !== undefined) change.traceparent = event.traceparent;
      return change;
    },
  };
}

function parse(value: Buffer | string | null): unknown {
  if (value === null) throw new ServiceError('record-undecodable', 'The record has no value.');
  try {
    return JSON.parse(value.toString());
  } catch (error) {
    throw new ServiceError('record-undecodable', `The value is not JSON: ${toError(error).message}.`, {
      cause: error,
    });
  }
}

function envelopeOf(event: { id: string; subject: string; time: string; traceparent?: string }) {
  return {
    eventId: event.id,
    orderId: event.subject,
    time: timeOf(event.time),
    traceparent: event.traceparent,
  };
}

/** An event without an actor is of one that may use all orders, or of an earlier version. */
function actorOf(actor: Static<typeof Actor> | undefined): OrderAccess {
  if (actor === undefined) return ALL_ORDERS;
  return 'customerId' in actor
    ? { kind: 'customer', customerId: actor.customerId }
    : { kind: 'merchant', merchantId: actor.merchantId };
}

function timeOf(text: string): number {
  const time = parseTimestamp(text);
  if (time === undefined) {
    throw new ServiceError('record-undecodable', '/time is not an RFC 3339 timestamp.');
  }
  return time;
}

function undecodable(error: { instancePath: string; message: string } | undefined): ServiceError {
  const where = error === undefined || error.instancePath === '' ? 'The event' : error.instancePath;
  return new ServiceError('record-undecodable', `${where} ${error?.message ?? 'has an unknown type'}.`);
}
