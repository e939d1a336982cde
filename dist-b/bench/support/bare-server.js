import Fastify from 'fastify';
import { Type } from 'typebox';
import { NewOrder } from "../../src/order/order.js";
/** The reference: nothing but Fastify, the order's schema and a reply of the same shape. */
const Accepted = Type.Object({
    id: Type.String(),
    status: Type.Literal('accepted'),
    total: Type.Integer(),
    currency: Type.String(),
    createdAt: Type.String(),
});
const app = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
app.post('/v1/orders', { schema: { body: NewOrder, response: { 202: Accepted } } }, (_request, reply) => {
    reply.code(202).send({
        id: '0197a1c2-5b7e-7c3d-9a41-3f2b8c6d1e00',
        status: 'accepted',
        total: 54_000,
        currency: 'INR',
        createdAt: new Date().toISOString(),
    });
});
process.once('SIGTERM', () => {
    app.close().then(() => process.exit(0), () => process.exit(1));
});
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
//# sourceMappingURL=bare-server.js.map