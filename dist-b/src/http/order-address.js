import { Type } from 'typebox';
import { ServiceError } from "../base/errors.js";
import { formatPosition, parsePosition } from "../base/position.js";
export const OrderPath = Type.Object({
    id: Type.String({ description: 'The id of the order, a UUID' }),
});
/** The position is part of the address that `Location` gave; with it any replica knows the order at once. */
export const PositionQuery = Type.Object({
    position: Type.Optional(Type.String({ description: 'As the Location header gave it', examples: ['3-1042'] })),
}, { additionalProperties: false });
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** @throws ServiceError `order-not-found`: what is not a UUID names no order */
export function orderIdOf(params) {
    const id = params.id.toLowerCase();
    if (UUID.test(id))
        return id;
    throw new ServiceError('order-not-found', 'The id of an order is a UUID; this is none.');
}
/** @throws ServiceError `position-invalid` */
export function positionOf(query) {
    return query.position === undefined ? undefined : parsePosition(query.position);
}
export function orderLocation(id, position) {
    return position === undefined
        ? `/v1/orders/${id}`
        : `/v1/orders/${id}?position=${formatPosition(position)}`;
}
//# sourceMappingURL=order-address.js.map