import { promisify } from 'node:util';
import kafka, { type KafkaConsumer, type NewTopic, type Producer } from 'node-rdkafka';
import { LINGER_MS } from '../../src/log/kafka/client-settings.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { paced } from './paced.ts';

const TOPIC = 'round-trips';
const PARTITIONS = 12;
const TIMEOUT_MS = 10_000;

/** About the size of an order's event. */
const VALUE = Buffer.alloc(600, 'x');

/**
 * The reference: a librdkafka producer and consumer in this process, with the service's settings for durability and speed
 * (acks of all, idempotence, linger, both polled every millisecond).
 */
export class RoundTrips {
  readonly #producer: Producer;
  readonly #consumer: KafkaConsumer;
  readonly #sentAt = new Map<string, number>();
  #milliseconds: number[] = [];
  #sent = 0;

  private constructor(producer: Producer, consumer: KafkaConsumer) {
    this.#producer = producer;
    this.#consumer = consumer;
    consumer.on('data', ({ key }) => {
      const sentAt = this.#sentAt.get(String(key));
      if (sentAt === undefined) return;
      this.#sentAt.delete(String(key));
      this.#milliseconds.push(performance.now() - sentAt);
    });
  }

  static async start(brokers: string): Promise<RoundTrips> {
    const common = { 'bootstrap.servers': brokers };
    await createTopic(common);
    const producer = new kafka.Producer(
      { ...common, 'enable.idempotence': true, 'linger.ms': LINGER_MS, dr_cb: true },
      { acks: -1 },
    );
    await promisify(producer.connect.bind(producer))({ timeout: TIMEOUT_MS });
    producer.setPollInterval(1);
    const consumer = new kafka.KafkaConsumer(
      { ...common, 'group.id': 'round-trips', 'enable.auto.commit': false, 'fetch.wait.max.ms': 100 },
      { 'auto.offset.reset': 'earliest' },
    );
    await promisify(consumer.connect.bind(consumer))({ timeout: TIMEOUT_MS });
    const trips = new RoundTrips(producer, consumer);
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: TOPIC,
      partition,
      offset: 0,
    }));
    // The default pauses for half a second whenever there is no message.
    consumer.setDefaultConsumeLoopTimeoutDelay(1);
    consumer.assign(partitions);
    consumer.consume();
    return trips;
  }

  /** Milliseconds from `produce` to the consumer's callback, for each message. */
  async run(count: number, rate: number): Promise<number[]> {
    this.#milliseconds = [];
    await paced(count, rate, () => {
      const key = `trip-${(this.#sent += 1)}`;
      this.#sentAt.set(key, performance.now());
      this.#producer.produce(TOPIC, null, VALUE, key);
    });
    await eventually(() => this.#milliseconds.length === count, { what: 'all round trips' });
    return this.#milliseconds;
  }

  async stop(): Promise<void> {
    await promisify(this.#producer.disconnect.bind(this.#producer))();
    await promisify(this.#consumer.disconnect.bind(this.#consumer))();
  }
}

async function createTopic(common: { 'bootstrap.servers': string }): Promise<void> {
  const admin = kafka.AdminClient.create(common);
  try {
    const create = promisify<NewTopic, number>(admin.createTopic.bind(admin));
    await create({ topic: TOPIC, num_partitions: PARTITIONS, replication_factor: 1 }, TIMEOUT_MS);
  } finally {
    admin.disconnect();
  }
}
