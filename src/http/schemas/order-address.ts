import { Type } from 'typebox';
import { formatPosition, parsePosition, POSITION, type Position } from '../../base/position.ts';
import { parseOrderId } from '../../order/ids.ts';

export const OrderPath = Type.Object({
  id: Type.String({ description: 'The id of the order, a UUID' }),
});

/** With the position from `Location`, any replica finds an order that is not stored yet. */
export const PositionQuery = Type.Object(
  {
    position: Type.Optional(
      Type.String({
        description: 'From the Location header, e.g. `3-1042`',
        documented: { pattern: POSITION.source },
      }),
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
