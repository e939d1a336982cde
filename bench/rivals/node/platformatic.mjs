import process from 'node:process';
import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import { Coalescer } from './coalescer.mjs';
import { serveOrders } from './order-server.mjs';

const { KAFKA_BROKERS, TOPIC } = process.env;
const producer = new Producer({
  clientId: 'rival',
  bootstrapBrokers: KAFKA_BROKERS.split(','),
  serializers: stringSerializers,
  acks: ProduceAcks.ALL,
  // Needs one send at a time: with two, Kafka refuses records as out of order.
  idempotent: true,
});
// Many records in one send: each request carries the batches of all partitions.
const coalescer = new Coalescer((records) =>
  producer.send({ messages: records.map((record) => ({ topic: TOPIC, ...record })) }),
);

await serveOrders({
  append: (key, value) => coalescer.append(key, value),
  close: () => producer.close(),
});
