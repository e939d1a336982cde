import Fastify from 'fastify';
import { pino } from 'pino';
import { Type } from 'typebox';
import { TOPICS, type EventLog } from '../../src/log/event-log.ts';
import { createOrderIds } from '../../src/order/ids.ts';
import { NewOrder } from '../../src/order/order.ts';

/**
 * The references of `accept`: a Fastify route with the order's schema and a response of the same shape. With the argument
 * `append` it also appends the body to Kafka before it responds.
 */
const Accepted = Type.Object({
  id: Type.String(),
  status: Type.Literal('accepted'),
  total: Type.Integer(),
  currency: Type.String(),
  createdAt: Type.String(),
});

const app = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
const schema = { body: NewOrder, response: { 202: Accepted } };
const log = process.argv[2] === 'append' ? await startLog() : undefined;

if (log === undefined) {
  app.post('/v1/orders', { schema }, (_request, reply) => {
    reply.code(202).send(accepted('0197a1c2-5b7e-7c3d-9a41-3f2b8c6d1e00'));
  });
} else {
  const newOrderId = createOrderIds();
  app.post('/v1/orders', { schema }, async (request, reply) => {
    const newId = newOrderId();
    const id = log.newKey?.(TOPICS.commands, newId) ?? newId;
    const value = Buffer.from(JSON.stringify(request.body));
    await log.append({ topic: TOPICS.commands, key: id, value });
    reply.code(202);
    return accepted(id);
  });
}

process.once('SIGTERM', () => {
  app
    .close()
    .then(() => log?.stop())
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
});
console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 0) }));

function accepted(id: string) {
  const createdAt = new Date().toISOString();
  return { id, status: 'accepted' as const, total: 54_000, currency: 'INR', createdAt };
}

async function startLog(): Promise<EventLog> {
  const { KafkaEventLog } = await import('../../src/log/kafka/kafka-event-log.ts');
  const kafka = new KafkaEventLog({
    brokers: process.env.KAFKA_BROKERS ?? '',
    groupId: 'bench',
    topicPrefix: process.env.KAFKA_TOPIC_PREFIX ?? '',
    partitions: 12,
    ackTimeoutMs: 5_000,
    connectTimeoutMs: 10_000,
    revokeTimeoutMs: 10_000,
    clientSettings: {},
    maxPendingRecords: 20_000,
    maxPendingBytes: 64 * 1024 * 1024,
    logger: pino({ level: 'warn' }),
  });
  await kafka.start();
  return kafka;
}
