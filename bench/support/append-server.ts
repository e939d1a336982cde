import Fastify from 'fastify';
import { pino } from 'pino';
import { Type } from 'typebox';
import { KafkaEventLog } from '../../src/log/kafka/kafka-event-log.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { createOrderIds } from '../../src/order/ids.ts';
import { NewOrder } from '../../src/order/order.ts';

/** Between the references and ours: the bare route, that also appends its body to Kafka and waits for the report. */
const Accepted = Type.Object({
  id: Type.String(),
  status: Type.Literal('accepted'),
  total: Type.Integer(),
  currency: Type.String(),
  createdAt: Type.String(),
});

const log = new KafkaEventLog({
  brokers: process.env.KAFKA_BROKERS ?? '',
  groupId: 'bench',
  topicPrefix: process.env.KAFKA_TOPIC_PREFIX ?? '',
  partitions: 12,
  ackTimeoutMs: 5_000,
  clientSettings: {},
  maxPendingRecords: 20_000,
  maxPendingBytes: 64 * 1024 * 1024,
  logger: pino({ level: 'warn' }),
});
await log.start();
const newOrderId = createOrderIds();
const app = Fastify({ ajv: { customOptions: { removeAdditional: false, coerceTypes: false } } });
app.post(
  '/v1/orders',
  { schema: { body: NewOrder, response: { 202: Accepted } } },
  async (request, reply) => {
    const id = newOrderId();
    const value = Buffer.from(JSON.stringify(request.body));
    await log.append({ topic: TOPICS.commands, key: id, value });
    reply.code(202);
    return {
      id,
      status: 'accepted' as const,
      total: 54_000,
      currency: 'INR',
      createdAt: new Date().toISOString(),
    };
  },
);
process.once('SIGTERM', () => {
  app
    .close()
    .then(() => log.stop())
    .then(
      () => process.exit(0),
      () => process.exit(1),
    );
});
console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
