import { Type } from 'typebox';
import { formatPosition, parsePosition, type Position } from '../../base/position.ts';
import { parseOrderId } from '../../order/ids.ts';

export const OrderPath = Type.Object({
  id: Type.String({ description: 'The id of the order, a UUID' }),
});

/** The position is part of the address that `Location` gave; with it any replica knows the order at once. */
export const PositionQuery = Type.Object(
  {
    position: Type.Optional(
      Type.String({ description: 'As the Location header gave it', examples: ['3-1042'] }),
    ),
  },
  { additionalProperties: false },
);

/** @throws ServiceError `order-not-found` */
export function orderIdOf(params: { id: string }): string {
  return parseOrderId(params.id);
}

/** @throws ServiceError `position-invalid` */
export function positionOf(query: { position?: string }): Position | undefined {
  return query.position === undefined ? undefined : parsePosition(query.position);
}

export function orderLocation(id: string, position: Position | undefined): string {
  return position === undefined
    ? `/v1/orders/${id}`
    : `/v1/orders/${id}?position=${formatPosition(position)}`;
}
