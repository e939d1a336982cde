import { ServiceError } from '../base/errors.ts';
import { ORDER_STATUSES, type OrderStatus } from '../order/lifecycle.ts';
import type { OrderStatus__Output } from './generated/orders/v1/OrderStatus.ts';

/** Protobuf wants the name of the enum before each of its values. */
const PREFIX = 'ORDER_STATUS_';

type StatusName = Exclude<OrderStatus__Output, 'ORDER_STATUS_UNSPECIFIED'>;

export function statusName(status: OrderStatus): StatusName {
  return `${PREFIX}${status.toUpperCase() as Uppercase<OrderStatus>}`;
}

/**
 * @param name as it was decoded: a value that this service does not know is a number
 * @param pointer of the field
 * @throws ServiceError `validation-failed` for a status that is none of `allowed`, and for an unspecified one
 */
export function statusOf<Status extends OrderStatus>(
  name: OrderStatus__Output | number,
  pointer: string,
  allowed: readonly Status[],
): Status {
  const status = allowed.find((known) => statusName(known) === name);
  if (status !== undefined) return status;
  const detail = `must be one of ${allowed.map(statusName).join(', ')}`;
  throw new ServiceError('validation-failed', `${pointer} ${detail}`, { errors: [{ pointer, detail }] });
}

/** Undefined for an unspecified one, which asks for any. */
export function optionalStatusOf(
  name: OrderStatus__Output | number,
  pointer: string,
): OrderStatus | undefined {
  return name === 'ORDER_STATUS_UNSPECIFIED' ? undefined : statusOf(name, pointer, ORDER_STATUSES);
}
