import { Type } from 'typebox';
import { REQUESTABLE_STATUSES } from "../order/lifecycle.js";
import { OrderStatusSchema } from "../order/order.js";
import { orderIdOf, orderLocation, OrderPath, positionOf, PositionQuery } from "./order-address.js";
import { EXAMPLE_ID } from "./order-body.js";
import { problems } from "./problem-responses.js";
import { textHeader } from "./response-headers.js";
import { traceparentOf } from "./trace-context.js";
const RequestableStatus = Type.Enum([...REQUESTABLE_STATUSES], { type: 'string' });
const schema = {
    operationId: 'requestTransition',
    summary: 'Ask for an order to be moved on',
    description: 'Taken durably and decided in its turn. A wish that the stored order refuses is answered 409 or 412 at once; ' +
        'while the order is `accepted` any wish is taken.',
    tags: ['orders'],
    params: OrderPath,
    querystring: PositionQuery,
    body: Type.Object({
        to: RequestableStatus,
        reason: Type.Optional(Type.String({ maxLength: 200 })),
        expectedVersion: Type.Optional(Type.Integer({ minimum: 0, description: 'Refused when the order has another' })),
    }, {
        additionalProperties: false,
        examples: [{ to: 'preparing', reason: 'In the kitchen', expectedVersion: 1 }],
    }),
    response: {
        202: Type.Object({
            id: Type.String({ description: 'A UUID' }),
            status: OrderStatusSchema,
            version: Type.Integer({ minimum: 0 }),
            requested: RequestableStatus,
        }, {
            description: 'The wish is taken; status and version are as they stood then.',
            examples: [{ id: EXAMPLE_ID, status: 'confirmed', version: 1, requested: 'preparing' }],
            headers: { Location: textHeader('Where to read the order') },
        }),
        ...problems(400, 404, 409, 412, 413, 415, 429, 500, 503, 504),
    },
};
export function addRequestTransition(scope, transitions) {
    scope.post('/orders/:id/transitions', { schema }, async ({ params, query, body, raw }, reply) => {
        const { position, ...receipt } = await transitions.request(orderIdOf(params), body, {
            position: positionOf(query),
            traceparent: traceparentOf(raw.headers.traceparent),
        });
        reply.code(202).header('location', orderLocation(receipt.id, position));
        return receipt;
    });
}
//# sourceMappingURL=request-transition.js.map