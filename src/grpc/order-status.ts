import { invalidField } from '../base/errors.ts';
import { ORDER_STATUSES, type OrderStatus } from '../order/lifecycle.ts';
import type { OrderStatus__Output } from './generated/orders/v1/OrderStatus.ts';

/** Protobuf's style puts the name of the enum before each value. */
const PREFIX = 'ORDER_STATUS_';

type StatusName = Exclude<OrderStatus__Output, 'ORDER_STATUS_UNSPECIFIED'>;

export function statusName(status: OrderStatus): StatusName {
  return `${PREFIX}${status.toUpperCase() as Uppercase<OrderStatus>}`;
}

/**
 * @param name as decoded: a value that this service does not know is a number
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
