import console from 'node:console';
import process from 'node:process';
import Fastify from 'fastify';
import { v7 } from 'uuid';

const identifier = { type: 'string', minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._:-]+$' };

const item = {
  type: 'object',
  additionalProperties: false,
  required: ['sku', 'quantity', 'unitPrice'],
  properties: {
    sku: identifier,
    name: { type: 'string', maxLength: 200 },
    quantity: { type: 'integer', minimum: 1, maximum: 1000 },
    unitPrice: { type: 'integer', minimum: 0, maximum: 1_000_000_000 },
  },
};

const newOrder = {
  type: 'object',
  additionalProperties: false,
  required: ['customerId', 'merchantId', 'currency', 'items'],
  properties: {
    customerId: identifier,
    merchantId: identifier,
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    items: { type: 'array', minItems: 1, maxItems: 100, items: item },
    metadata: {
      type: 'object',
      maxProperties: 20,
      propertyNames: { maxLength: 64 },
      additionalProperties: { type: 'string', maxLength: 500 },
    },
  },
};

const text = { type: 'string' };
const acceptedOrder = {
  type: 'object',
  properties: { id: text, status: text, total: { type: 'integer' }, currency: text, createdAt: text },
};

/**
 * Serves POST /v1/orders until SIGTERM.
 * @param log `append(key, value)` resolves when every in-sync replica has the record
 */
export async function serveOrders(log) {
  const app = Fastify({
    bodyLimit: 64 * 1024,
    // Fastify's defaults drop unknown fields and convert types.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  const schema = { body: newOrder, response: { 202: acceptedOrder } };
  app.post('/v1/orders', { schema }, async ({ body }, reply) => {
    const id = v7();
    const createdAt = new Date().toISOString();
    const total = body.items.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);
    try {
      await log.append(id, JSON.stringify({ id, createdAt, total, ...body }));
    } catch {
      return reply.code(503).send({ error: 'the order log does not answer' });
    }
    reply.code(202).header('location', `/v1/orders/${id}`);
    return { id, status: 'accepted', total, currency: body.currency, createdAt };
  });
  process.once('SIGTERM', () => {
    app
      .close()
      .then(() => log.close())
      .then(
        () => process.exit(0),
        (error) => {
          console.error(error);
          process.exit(1);
        },
      );
  });
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
}
