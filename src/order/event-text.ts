import fastJson from 'fast-json-stringify';
import type { Position } from '../base/position.ts';
import { createTimestampFormat } from '../base/timestamp.ts';
import type { OrderAccess, OrderParties } from './access.ts';
import type { Command, StatusChange } from './commands.ts';
import { ORDER_STATUSES, type OrderStatus } from './lifecycle.ts';

export const EVENT_TYPES = {
  placed: 'orders.order.placed.v1',
  transitionRequested: 'orders.order.transition-requested.v1',
  statusChanged: 'orders.order.status-changed.v1',
} as const;

export const SOURCE = '/order-system';

const text = { type: 'string' } as const;
const integer = { type: 'integer' } as const;

const PLACED_DATA = {
  type: 'object',
  properties: {
    customerId: text,
    merchantId: text,
    currency: text,
    items: {
      type: 'array',
      items: { type: 'object', properties: { sku: text, name: text, quantity: integer, unitPrice: integer } },
    },
    metadata: { type: 'object', additionalProperties: text },
    total: integer,
    fingerprint: text,
  },
} as const;

const TRANSITION_DATA = {
  type: 'object',
  properties: {
    to: text,
    reason: text,
    expectedVersion: integer,
    actor: { type: 'object', properties: { customerId: text, merchantId: text } },
  },
} as const;

const STATUS_DATA = {
  type: 'object',
  properties: {
    customerId: text,
    merchantId: text,
    status: text,
    version: integer,
    reason: { type: ['string', 'null'] },
    cause: { type: 'object', properties: { partition: integer, offset: integer } },
  },
} as const;

/** Longer than any match of `STATUS_BEGIN`. */
const STATUS_BEGIN_BYTES = 200;
const STATUS_BEGIN = new RegExp(
  `^{"specversion":"1.0","id":"([A-Za-z0-9._:-]{1,64})/(\\d{1,10})","source":"${SOURCE}","type":"${EVENT_TYPES.statusChanged}"`,
);

/**
 * Reads order id and version from a status event without parsing it: they are the event's id.
 * @returns undefined if another program wrote the event
 */
export function peekStatusChange(value: Buffer): { orderId: string; version: number } | undefined {
  const [, orderId, version] = STATUS_BEGIN.exec(value.toString('latin1', 0, STATUS_BEGIN_BYTES)) ?? [];
  return orderId === undefined ? undefined : { orderId, version: Number(version) };
}

const CAUSE_PARTITION = Buffer.from('"cause":{"partition":');
const CAUSE_OFFSET = Buffer.from(',"offset":');
const CAUSE_END = Buffer.from('}}}');

/**
 * Reads the cause from a status event without parsing it: it is the event's end. Every event is read, so this compares bytes,
 * backwards; a regular expression takes five times as long.
 * @returns undefined if another program wrote the event
 */
export function peekCause(value: Buffer): Position | undefined {
  const offsetEnd = value.length - CAUSE_END.length;
  const offsetFrom = digitsBefore(value, offsetEnd);
  const partitionEnd = offsetFrom - CAUSE_OFFSET.length;
  const partitionFrom = digitsBefore(value, partitionEnd);
  const isCause =
    endsWith(value, value.length, CAUSE_END) &&
    endsWith(value, offsetFrom, CAUSE_OFFSET) &&
    endsWith(value, partitionFrom, CAUSE_PARTITION);
  if (!isCause) return undefined;
  const partition = numberAt(value, partitionFrom, partitionEnd);
  const offset = numberAt(value, offsetFrom, offsetEnd);
  return partition === undefined || offset === undefined ? undefined : { partition, offset };
}

/** Where the digits begin that end at `end`; `end` if there are none. */
function digitsBefore(value: Buffer, end: number): number {
  let from = end;
  while (from > 0 && isDigit(value[from - 1])) from -= 1;
  return from;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

function endsWith(value: Buffer, end: number, suffix: Buffer): boolean {
  const from = end - suffix.length;
  if (from < 0) return false;
  for (let index = 0; index < suffix.length; index += 1) {
    if (value[from + index] !== suffix[index]) return false;
  }
  return true;
}

/** Undefined without digits, or if the number is not a safe integer. */
function numberAt(value: Buffer, from: number, end: number): number | undefined {
  let number = 0;
  for (let at = from; at < end; at += 1) number = number * 10 + ((value[at] ?? 0) - 48);
  return from < end && Number.isSafeInteger(number) ? number : undefined;
}

/** Longer than the start of any event up to the end of a match of `STATUS_OUTCOME`. */
const STATUS_OUTCOME_BYTES = 720;
const STATUS_OUTCOME =
  /"time":"([0-9TZ:.-]{20,30})",(?:"traceparent":"[0-9a-f-]{55}",)?"datacontenttype":"application\/json","data":{"customerId":"[A-Za-z0-9._:-]{1,64}","merchantId":"[A-Za-z0-9._:-]{1,64}","status":"([a-z]{1,20})",/;

/**
 * Reads status and time from a status event without parsing it, to count all events cheaply.
 * @returns undefined if another program wrote the event
 */
export function peekOutcome(value: Buffer): { status: OrderStatus; at: number } | undefined {
  const [, time, name] = STATUS_OUTCOME.exec(value.toString('latin1', 0, STATUS_OUTCOME_BYTES)) ?? [];
  const status = ORDER_STATUSES.find((known) => known === name);
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return status === undefined || Number.isNaN(at) ? undefined : { status, at };
}

export interface EventText {
  ofCommand(command: Command): string;
  ofStatusChange(change: StatusChange): string;
}

/** Serialisation is a large part of a request's cost, so the serialisers are compiled for their shapes. */
export function createEventText(): EventText {
  const quoted = fastJson(text);
  const placed = fastJson(PLACED_DATA);
  const transition = fastJson(TRANSITION_DATA);
  const status = fastJson(STATUS_DATA);
  const timestamp = createTimestampFormat();

  const event = (type: string, id: string, subject: string, time: number, data: string, trace = ''): string =>
    `{"specversion":"1.0","id":${quoted(id)},"source":"${SOURCE}","type":"${type}","subject":${quoted(subject)},` +
    `"time":"${timestamp(time)}",${trace}"datacontenttype":"application/json","data":${data}}`;

  const traceOf = ({ traceparent }: { traceparent?: string | undefined }): string =>
    traceparent === undefined ? '' : `"traceparent":${quoted(traceparent)},`;

  return {
    ofCommand(command) {
      const { eventId, orderId, time } = command;
      const trace = traceOf(command);
      if (command.kind === 'transition') {
        const { to, reason, expectedVersion } = command;
        const data = transition({ to, reason, expectedVersion, actor: actorOf(command.actor) });
        return event(EVENT_TYPES.transitionRequested, eventId, orderId, time, data, trace);
      }
      const { order, fingerprint } = command;
      const data = placed(fingerprint === undefined ? order : { ...order, fingerprint });
      return event(EVENT_TYPES.placed, eventId, orderId, time, data, trace);
    },
    // The id is order id and version, so that publishing a change twice gives the same CloudEvent.
    ofStatusChange(change) {
      const { orderId, version, at } = change;
      const id = `${orderId}/${version}`;
      return event(EVENT_TYPES.statusChanged, id, orderId, at, status(change), traceOf(change));
    },
  };
}

/** Absent for an actor that may use all orders, as in events of earlier versions. */
function actorOf(access: OrderAccess): Partial<OrderParties> | undefined {
  switch (access.kind) {
    case 'all':
      return undefined;
    case 'customer':
      return { customerId: access.customerId };
    case 'merchant':
      return { merchantId: access.merchantId };
  }
}
