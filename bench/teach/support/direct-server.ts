import Fastify from 'fastify';
import pg from 'pg';
import { createOrderIds } from '../../../src/order/ids.ts';
import { NewOrder, orderTotal, type NewOrder as Order } from '../../../src/order/order.ts';

/**
 * The order service that one would write first: a route that inserts a row and answers when PostgreSQL has committed it. It writes
 * less than ours: no history, no progress, one index.
 */
const pool = new pg.Pool({ connectionString: process.argv[2], max: 10 });
await pool.query(`
  CREATE TABLE IF NOT EXISTS orders (
    id uuid PRIMARY KEY, customer_id text, merchant_id text, currency text, total bigint, items jsonb, metadata jsonb
  )`);
const newOrderId = createOrderIds();
const app = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });

app.post<{ Body: Order }>('/v1/orders', { schema: { body: NewOrder } }, async ({ body }, reply) => {
  const { customerId, merchantId, currency, items, metadata } = body;
  const id = newOrderId();
  const total = orderTotal(items);
  await pool.query({
    name: 'insert-order',
    text: 'INSERT INTO orders VALUES ($1, $2, $3, $4, $5, $6, $7)',
    values: [id, customerId, merchantId, currency, total, JSON.stringify(items), JSON.stringify(metadata)],
  });
  reply.code(201);
  return { id, status: 'accepted', total, currency };
});

process.once('SIGTERM', () => {
  app
    .close()
    .then(() => pool.end())
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
});
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
