import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { ServiceError, toError } from '../base/errors.ts';
import type { Command, PlaceOrder, RequestTransition, StatusChange } from './commands.ts';
import { ORDER_STATUSES, REQUESTABLE_STATUSES } from './lifecycle.ts';
import { NewOrder } from './order.ts';

/**
 * Commands and status changes as they stand in the log: CloudEvents 1.0 in structured JSON mode
 * (https://github.com/cloudevents/spec, "JSON Event Format"). `subject` is the order's id.
 */
export const EVENT_TYPES = {
  placed: 'orders.order.placed.v1',
  transitionRequested: 'orders.order.transition-requested.v1',
  statusChanged: 'orders.order.status-changed.v1',
} as const;

const SOURCE = '/order-system';

const envelope = {
  specversion: Type.Literal('1.0'),
  id: Type.String({ minLength: 1, maxLength: 256 }),
  source: Type.String({ minLength: 1 }),
  subject: Type.String({ minLength: 1, maxLength: 64 }),
  time: Type.String({ format: 'date-time', maxLength: 40 }),
  datacontenttype: Type.Optional(Type.Literal('application/json')),
  traceparent: Type.Optional(Type.String()),
};

const PlacedEvent = Type.Object({
  ...envelope,
  type: Type.Literal(EVENT_TYPES.placed),
  data: Type.Object({
    ...NewOrder.properties,
    total: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    fingerprint: Type.Optional(Type.String()),
  }),
});

const TransitionRequestedEvent = Type.Object({
  ...envelope,
  type: Type.Literal(EVENT_TYPES.transitionRequested),
  data: Type.Object({
    to: Type.Enum([...REQUESTABLE_STATUSES]),
    reason: Type.Optional(Type.String()),
    expectedVersion: Type.Optional(Type.Integer({ minimum: 0 })),
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

export interface EventCodec {
  encodeCommand(command: Command): Buffer;
  /** @throws ServiceError `record-undecodable`, saying what is wrong with the record */
  decodeCommand(value: Buffer | null): Command;
  encodeStatusChange(change: StatusChange): Buffer;
  /** @throws ServiceError `record-undecodable` */
  decodeStatusChange(value: Buffer | null): StatusChange;
}

/** Compiles the validators, which costs milliseconds: make one codec a thread and keep it. */
export function createEventCodec(): EventCodec {
  const placed = Compile(PlacedEvent);
  const transition = Compile(TransitionRequestedEvent);
  const statusChanged = Compile(StatusChangedEvent);
  return {
    encodeCommand: (command) => Buffer.from(commandText(command)),
    decodeCommand(value) {
      const event = parse(value);
      if (placed.Check(event)) {
        const { total, fingerprint, customerId, merchantId, currency, items, metadata } = event.data;
        const order: PlaceOrder['order'] = { customerId, merchantId, currency, items, total };
        if (metadata !== undefined) order.metadata = metadata;
        return { kind: 'place', ...envelopeOf(event), order, fingerprint };
      }
      if (transition.Check(event)) {
        const { to, reason, expectedVersion } = event.data;
        return { kind: 'transition', ...envelopeOf(event), to, reason, expectedVersion };
      }
      const type = typeof event === 'object' && event !== null && 'type' in event ? event.type : undefined;
      const faults =
        type === EVENT_TYPES.transitionRequested ? transition.Errors(event) : placed.Errors(event);
      throw undecodable(faults[0]);
    },
    encodeStatusChange: (change) => Buffer.from(statusChangeText(change)),
    decodeStatusChange(value) {
      const event = parse(value);
      if (!statusChanged.Check(event)) throw undecodable(statusChanged.Errors(event)[0]);
      const { customerId, merchantId, status, version, reason, cause } = event.data;
      const { partition, offset } = cause;
      return {
        orderId: event.subject,
        customerId,
        merchantId,
        status,
        version,
        at: timeOf(event.time),
        reason,
        cause: { partition, offset },
      };
    },
  };
}

/** Built by hand around the data: on the request path this is the only serialisation an order gets. */
function commandText(command: Command): string {
  const { eventId, orderId, time, traceparent } = command;
  const trace = traceparent === undefined ? '' : `"traceparent":${JSON.stringify(traceparent)},`;
  return (
    `{"specversion":"1.0","id":${JSON.stringify(eventId)},"source":"${SOURCE}","type":"${commandType(command)}",` +
    `"subject":${JSON.stringify(orderId)},"time":"${new Date(time).toISOString()}",${trace}` +
    `"datacontenttype":"application/json","data":${JSON.stringify(commandData(command))}}`
  );
}

function commandType(command: Command): string {
  return command.kind === 'place' ? EVENT_TYPES.placed : EVENT_TYPES.transitionRequested;
}

function commandData(command: Command): unknown {
  if (command.kind === 'place') {
    return command.fingerprint === undefined
      ? command.order
      : { ...command.order, fingerprint: command.fingerprint };
  }
  const { to, reason, expectedVersion } = command satisfies RequestTransition;
  return { to, reason, expectedVersion };
}

/** The id is made of order and version: a change published twice is, as CloudEvents has it, the same event. */
function statusChangeText(change: StatusChange): string {
  const { orderId, customerId, merchantId, status, version, at, reason, cause } = change;
  return (
    `{"specversion":"1.0","id":${JSON.stringify(`${orderId}/${version}`)},"source":"${SOURCE}","type":"${EVENT_TYPES.statusChanged}",` +
    `"subject":${JSON.stringify(orderId)},"time":"${new Date(at).toISOString()}","datacontenttype":"application/json","data":` +
    `${JSON.stringify({ customerId, merchantId, status, version, reason, cause })}}`
  );
}

function parse(value: Buffer | null): unknown {
  if (value === null) throw new ServiceError('record-undecodable', 'The record has no value.');
  try {
    return JSON.parse(value.toString('utf8'));
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

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new ServiceError('record-undecodable', '/time is not an RFC 3339 timestamp.');
  return time;
}

function undecodable(fault: { instancePath: string; message: string } | undefined): ServiceError {
  const where = fault === undefined || fault.instancePath === '' ? 'The event' : fault.instancePath;
  return new ServiceError('record-undecodable', `${where} ${fault?.message ?? 'is not one of ours'}.`);
}
