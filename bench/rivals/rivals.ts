import { fileURLToPath } from 'node:url';
import { javaCommand } from '../../tools/kafka/programs.ts';
import { SERVICE } from '../support/measured-process.ts';
import { builtFile, buildGo, buildNode, buildRust, buildSpring } from './builds.ts';

/** What a rival is told: it listens on the port, writes to the topic, and with a database stores the orders there too. */
export interface RivalAddresses {
  port: number;
  brokers: string;
  /** unique for this start; names its topics and its group */
  name: string;
  folder: string;
  databaseUrl?: string;
}

export interface Rival {
  id: string;
  title: string;
  /** `accept`: POST until the log has it; `store`: until the database has it; `bare`: no Kafka */
  kind: 'bare' | 'accept' | 'store';
  /** @throws Error that says what is missing or failed */
  build: () => Promise<void>;
  command: readonly [string, ...string[]];
  /** of its orders, for the name of a start */
  topic: (name: string) => string;
  /** all topics that it uses */
  topics: (name: string) => string[];
  environment: (addresses: RivalAddresses) => Record<string, string>;
  /** of load before the first round; the default suits all but the JVM */
  warmUpSeconds?: number;
  /** why it costs what it costs, for the table */
  why: string;
}

const nothing = () => Promise.resolve();
const ownTopic = { topic: (name: string) => `${name}-orders`, topics: (name: string) => [`${name}-orders`] };

const ours = {
  build: nothing,
  topic: (name: string) => `${name}-orders.commands`,
  topics: (name: string) => ['commands', 'status', 'dlq'].map((topic) => `${name}-orders.${topic}`),
  environment: ({ port, brokers, name, folder, databaseUrl }: RivalAddresses) => ({
    PORT: String(port),
    GRPC_PORT: '0',
    DATA_DIR: folder,
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC_PREFIX: `${name}-`,
    KAFKA_GROUP_ID: name,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  }),
};

const theirs = ({ port, brokers, name, databaseUrl }: RivalAddresses) => ({
  PORT: String(port),
  KAFKA_BROKERS: brokers,
  TOPIC: ownTopic.topic(name),
  KAFKA_GROUP_ID: name,
  ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
});

const service = fileURLToPath(SERVICE);
const bareRoute = fileURLToPath(new URL('../support/reference-server.js', import.meta.url));

/** All that are compared, in the order of the tables. */
export const RIVALS: readonly Rival[] = [
  {
    ...{ id: 'ours', title: 'order-system, `--role api`', kind: 'accept', ...ours },
    command: [process.execPath, service, 'serve', '--role', 'api'],
    why: 'One JavaScript thread serves HTTP. Idempotency keys, CloudEvents, metrics, request ids and reading back what was just accepted are on.',
  },
  {
    ...{ id: 'bare', title: 'Fastify without Kafka', kind: 'bare', build: nothing, ...ownTopic },
    command: [process.execPath, bareRoute],
    environment: ({ port }) => ({ PORT: String(port) }),
    why: 'Only parses, validates and answers: the floor for Node. It keeps nothing.',
  },
  {
    ...{ id: 'platformatic', title: 'Fastify + @platformatic/kafka', kind: 'accept', ...ownTopic },
    build: buildNode,
    command: [process.execPath, builtFile('node', 'platformatic.mjs')],
    environment: theirs,
    why: 'The smallest route that Node allows; the orders of one moment share a request to Kafka.',
  },
  {
    ...{ id: 'kafkajs', title: 'Fastify + kafkajs', kind: 'accept', ...ownTopic },
    build: buildNode,
    command: [process.execPath, builtFile('node', 'kafkajs.mjs')],
    environment: theirs,
    why: 'kafkajs sends a request for each order, and the broker pays for each.',
  },
  {
    ...{ id: 'go', title: 'Go net/http + franz-go', kind: 'accept', ...ownTopic },
    build: buildGo,
    command: [builtFile('go', 'rival')],
    environment: theirs,
    why: 'Compiled code that uses both cores; franz-go puts the batches of all partitions into one request.',
  },
  {
    ...{ id: 'rust', title: 'Rust axum + rdkafka', kind: 'accept', ...ownTopic },
    build: buildRust,
    command: [builtFile('rust', 'release/rival')],
    environment: theirs,
    why: 'Compiled code without a garbage collector; librdkafka sends a request for each partition, and waits 5 ms for more, which its p50 shows.',
  },
  {
    ...{ id: 'spring', title: 'Spring Boot + Spring Kafka', kind: 'accept', ...ownTopic },
    build: buildSpring,
    // As in a container of 1 GiB: without a limit the heap may take a quarter of the machine.
    command: [javaCommand(), '-Xmx512m', '-jar', builtFile('spring', 'rival.jar')],
    environment: theirs,
    warmUpSeconds: 15,
    why: 'The JVM compiles while it serves, and the framework does much for each request.',
  },
  {
    ...{ id: 'ours-store', title: 'order-system, `--role all`, into PostgreSQL', kind: 'store', ...ours },
    command: [process.execPath, service, 'serve', '--role', 'all'],
    why: 'Writes order, history and idempotency, applies a processor in threads, and publishes each status to Kafka.',
  },
  {
    ...{ id: 'go-store', title: 'Go + consumer with batches, into PostgreSQL', kind: 'store', ...ownTopic },
    build: buildGo,
    command: [builtFile('go', 'rival')],
    environment: theirs,
    why: 'Writes order and history in one statement a batch; no status events, no processor, no dead letters.',
  },
];
