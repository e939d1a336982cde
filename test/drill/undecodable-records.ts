import kafka, { type LibrdKafkaError } from 'node-rdkafka';
import { TOPICS } from '../../src/log/event-log.ts';
import { pause } from './abort.ts';
import type { Ledger } from './ledger.ts';
import { Random } from './random.ts';

const INTERVAL_MS = 1_500;
const FLUSH_TIMEOUT_MS = 10_000;

/** Values that the service never writes. */
const INVALID_VALUES: [Buffer | null, ...(Buffer | null)[]] = [
  null,
  Buffer.from(''),
  Buffer.from('not JSON'),
  Buffer.from('{"specversion":"1.0","type":"orders.order.placed.v1"}'),
  Buffer.from('{"specversion":"1.0","id":"1","source":"/x","type":"a.stranger.v1","subject":"s","data":{}}'),
  Buffer.from([0xff, 0xfe, 0x00, 0x80]),
];

export interface UndecodableOptions {
  brokers: string;
  topicPrefix: string;
  seed: number;
  ledger: Ledger;
  /** nothing is produced afterwards */
  timeOver: AbortSignal;
  /** aborts without a flush */
  signal: AbortSignal;
}

/** Produces undecodable records beside the orders; what Kafka acknowledges goes into the ledger. */
export async function produceUndecodable(options: UndecodableOptions): Promise<void> {
  const { brokers, topicPrefix, seed, ledger, timeOver, signal } = options;
  const random = new Random(seed ^ 0x0bad_0bad);
  const producer = new kafka.Producer(
    { 'bootstrap.servers': brokers, dr_cb: true, 'enable.idempotence': true },
    { acks: -1, 'message.timeout.ms': FLUSH_TIMEOUT_MS },
  );
  producer.on('event.error', () => undefined);
  producer.on('delivery-report', (error: LibrdKafkaError | null, { partition, offset }) => {
    if (error === null) ledger.undecodable.push({ partition, offset });
  });
  await new Promise<void>((resolve, reject) => {
    producer.connect({}, (error: LibrdKafkaError | null) =>
      error === null ? resolve() : reject(new Error(error.message)),
    );
  });
  producer.setPollInterval(100);
  try {
    while (!timeOver.aborted) {
      const key = random.chance(30) ? null : Buffer.from(`unknown-${random.integer(1, 1_000)}`);
      producer.produce(topicPrefix + TOPICS.commands, null, random.pick(INVALID_VALUES), key);
      await pause(INTERVAL_MS, timeOver);
    }
    if (!signal.aborted)
      await new Promise<void>((resolve) => producer.flush(FLUSH_TIMEOUT_MS, () => resolve()));
  } finally {
    await new Promise<void>((resolve) => producer.disconnect(() => resolve()));
  }
}
