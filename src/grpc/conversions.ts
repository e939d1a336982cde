import { invalidField } from '../base/errors.ts';
import { ORDER_STATUSES, type OrderStatus } from '../order/lifecycle.ts';
import type { Timestamp__Output } from './generated/google/protobuf/Timestamp.ts';
import type { OrderStatus__Output } from './generated/orders/v1/OrderStatus.ts';

/** By Protobuf convention, the values of an enum start with its name. */
const PREFIX = 'ORDER_STATUS_';

type StatusName = Exclude<OrderStatus__Output, 'ORDER_STATUS_UNSPECIFIED'>;

export function statusName(status: OrderStatus): StatusName {
  return `${PREFIX}${status.toUpperCase() as Uppercase<OrderStatus>}`;
}

/**
 * @param name as decoded; an unknown value is a number
 * @param pointer of the field
 * @throws ServiceError `validation-failed` for an unspecified status and for one that is not allowed
 */
export function statusOf<Status extends OrderStatus>(
  name: OrderStatus__Output | number,
  pointer: string,
  allowed: readonly Status[],
): Status {
  const status = allowed.find((known) => statusName(known) === name);
  if (status !== undefined) return status;
  throw invalidField(pointer, `must be one of ${allowed.map(statusName).join(', ')}`);
}

/** Undefined for an unspecified status, which means any. */
export function optionalStatusOf(
  name: OrderStatus__Output | number,
  pointer: string,
): OrderStatus | undefined {
  return name === 'ORDER_STATUS_UNSPECIFIED' ? undefined : statusOf(name, pointer, ORDER_STATUSES);
}

const NANOS_PER_MILLISECOND = 1_000_000;

/** The range of google.protobuf.Timestamp: 0001-01-01 and the last second of 9999. */
const FIRST_SECOND = -62_135_596_800;
const LAST_SECOND = 253_402_300_799;

/** @param time milliseconds since the epoch */
export function toTimestamp(time: number): Timestamp__Output {
  const seconds = Math.floor(time / 1000);
  return { seconds, nanos: (time - seconds * 1000) * NANOS_PER_MILLISECOND };
}

/**
 * Milliseconds since the epoch, perhaps with a fraction; undefined without a timestamp.
 * @throws ServiceError `validation-failed`
 */
export function timeOf(timestamp: Timestamp__Output | null, pointer: string): number | undefined {
  if (timestamp === null) return undefined;
  const { seconds, nanos } = timestamp;
  if (seconds >= FIRST_SECOND && seconds <= LAST_SECOND && nanos >= 0 && nanos < 1_000_000_000) {
    return seconds * 1000 + nanos / NANOS_PER_MILLISECOND;
  }
  throw invalidField(pointer, 'must be in the years 1 to 9999, with 0 to 999999999 nanos');
}
