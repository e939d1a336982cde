import process from 'node:process';
import { Kafka, logLevel } from 'kafkajs';
import { serveOrders } from './order-server.mjs';

// A request an order, as its documentation shows: kafkajs does not batch by itself.
const { KAFKA_BROKERS, TOPIC } = process.env;
const kafka = new Kafka({ brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR });
const producer = kafka.producer({ allowAutoTopicCreation: false });
await producer.connect();

await serveOrders({
  append: (key, value) => producer.send({ topic: TOPIC, acks: -1, messages: [{ key, value }] }),
  close: () => producer.disconnect(),
});
