import type { XStatic } from 'typebox/schema';
import type { SettingSchema } from './setting-schema.ts';

const PORT = { type: 'integer', minimum: 0, maximum: 65_535 } as const;
const BROKER = '([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:]+\\]):\\d{1,5}';
const DURATION = { type: 'integer', unit: 'ms' } as const;

/**
 * Every setting of the service. Parsing, `--help`, `order-system config`, .env.example and the README table are made
 * of this table alone. Plain JSON Schema that TypeBox types: its builder would triple the time `--help` takes.
 */
export const SETTINGS = {
  ROLE: {
    theme: 'Process',
    type: 'string',
    enum: ['all', 'api', 'worker'],
    default: 'all',
    description:
      'What this process does: take and answer requests (api), process orders (worker), or both (all).',
  },
  LOG_LEVEL: {
    theme: 'Process',
    type: 'string',
    enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    description: 'The least severe log lines that are written, as JSON on stdout.',
  },
  DATA_DIR: {
    theme: 'Process',
    type: 'string',
    default: './data',
    expects: 'the path of a folder',
    description: 'The folder of the embedded event log and of the SQLite store; it is created when missing.',
  },
  SHUTDOWN_TIMEOUT_MS: {
    theme: 'Process',
    ...DURATION,
    minimum: 100,
    maximum: 3_600_000,
    default: 15_000,
    description: 'How long a stop may take to finish what is in flight before the process ends with code 1.',
  },
  HOST: {
    theme: 'Addresses',
    type: 'string',
    pattern: '^([A-Za-z0-9._-]+|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*(%[A-Za-z0-9._-]+)?)$',
    expects: 'an address or a host name without scheme and port',
    default: '127.0.0.1',
    description: 'The address that HTTP and gRPC listen on; 0.0.0.0 is every address of the machine.',
  },
  PORT: {
    theme: 'Addresses',
    ...PORT,
    default: 3000,
    description: 'The port of HTTP; 0 takes any free one.',
  },
  GRPC_PORT: {
    theme: 'Addresses',
    ...PORT,
    default: 50_051,
    description: 'The port of gRPC; 0 takes any free one.',
  },
  GRPC_TLS_CERT: {
    theme: 'Addresses',
    type: 'string',
    default: '',
    expects: 'the path of a PEM file',
    description: 'The certificate chain of the gRPC server; with GRPC_TLS_KEY it turns TLS on.',
  },
  GRPC_TLS_KEY: {
    theme: 'Addresses',
    type: 'string',
    default: '',
    expects: 'the path of a PEM file',
    description: 'The private key of GRPC_TLS_CERT.',
  },
  TRUST_PROXY: {
    theme: 'Addresses',
    type: 'string',
    default: '',
    expects: 'addresses or networks with commas between, such as 10.0.0.0/8,::1',
    description: 'The proxies whose X-Forwarded-For tells the caller that the rate limit counts.',
  },
  EVENT_LOG: {
    theme: 'Event log',
    type: 'string',
    enum: ['embedded', 'kafka'],
    defaultText: 'kafka when KAFKA_BROKERS is set, else embedded',
    description:
      'Where acknowledged orders are kept until they are processed: in files of this process, or in Kafka.',
  },
  ACK_TIMEOUT_MS: {
    theme: 'Event log',
    ...DURATION,
    minimum: 1,
    maximum: 600_000,
    default: 5000,
    description:
      'How long a request waits for the event log to hold its order before it is answered with 504.',
  },
  LOG_MAX_PENDING: {
    theme: 'Event log',
    type: 'integer',
    unit: 'records',
    minimum: 1_000,
    maximum: 10_000_000,
    default: 20_000,
    description:
      'How many records may wait for the event log at a time, a tenth of them kept for what becomes of orders; a request beyond is answered with 503.',
  },
  LOG_RETENTION_MS: {
    theme: 'Event log',
    ...DURATION,
    minimum: 0,
    maximum: 2_592_000_000,
    default: 600_000,
    description:
      'How long the embedded event log keeps records after they were consumed, and the copies of dead letters after they were written.',
  },
  KAFKA_BROKERS: {
    theme: 'Kafka',
    type: 'string',
    pattern: `^${BROKER}(,${BROKER})*$`,
    expects: 'host:port pairs with commas between and no scheme',
    default: '',
    description: 'The brokers to find the Kafka cluster by.',
  },
  KAFKA_GROUP_ID: {
    theme: 'Kafka',
    type: 'string',
    pattern: '^\\S{1,249}$',
    expects: '1 to 249 characters without spaces',
    default: 'order-workers',
    description: 'The consumer group that the workers share.',
  },
  KAFKA_GROUP_INSTANCE_ID: {
    theme: 'Kafka',
    type: 'string',
    pattern: '^[A-Za-z0-9._-]{1,249}$',
    expects: '1 to 249 of A-Z a-z 0-9 . _ -',
    default: '',
    description:
      'The name of this worker in the group, of no other one: its partitions wait for it for 15 s while it restarts.',
  },
  KAFKA_TOPIC_PREFIX: {
    theme: 'Kafka',
    type: 'string',
    pattern: '^[A-Za-z0-9._-]{0,200}$',
    expects: 'at most 200 of A-Z a-z 0-9 . _ -',
    default: '',
    description: 'What the names of all topics begin with.',
  },
  KAFKA_PARTITIONS: {
    theme: 'Kafka',
    type: 'integer',
    unit: 'partitions',
    minimum: 1,
    maximum: 10_000,
    default: 12,
    description: 'The partitions of a topic that is missing and therefore created at start.',
  },
  KAFKA_SECURITY_PROTOCOL: {
    theme: 'Kafka',
    type: 'string',
    pattern: '^([Ss][Aa][Ss][Ll]_)?([Pp][Ll][Aa][Ii][Nn][Tt][Ee][Xx][Tt]|[Ss][Ss][Ll])$',
    expects: 'plaintext, ssl, sasl_plaintext or sasl_ssl',
    default: 'plaintext',
    description: 'How to speak with the brokers.',
  },
  DATABASE_URL: {
    theme: 'Store',
    type: 'string',
    expects: 'sqlite:<path> or postgres://user:password@host:5432/database',
    defaultText: 'sqlite:<DATA_DIR>/orders.db',
    description: 'The database that holds orders, their history and the progress through the event log.',
  },
  DATABASE_POOL_SIZE: {
    theme: 'Store',
    type: 'integer',
    unit: 'connections',
    minimum: 1,
    maximum: 1_000,
    default: 10,
    description:
      'The most connections to PostgreSQL that requests are answered by; each thread that writes has one more.',
  },
  DATABASE_CONNECT_TIMEOUT_MS: {
    theme: 'Store',
    ...DURATION,
    minimum: 1,
    maximum: 600_000,
    default: 5_000,
    description: 'How long a connection to PostgreSQL, or a free one of the pool, is waited for.',
  },
  DATABASE_STATEMENT_TIMEOUT_MS: {
    theme: 'Store',
    ...DURATION,
    minimum: 1,
    maximum: 600_000,
    default: 10_000,
    description:
      'How long one statement may take in PostgreSQL; five seconds later the connection itself is given up.',
  },
  DATABASE_LOCK_TIMEOUT_MS: {
    theme: 'Store',
    ...DURATION,
    minimum: 1,
    maximum: 600_000,
    default: 5_000,
    description: 'How long one statement may wait in PostgreSQL for a lock that another writer has.',
  },
  WORKER_THREADS: {
    theme: 'Processing',
    type: 'integer',
    unit: 'threads',
    minimum: 1,
    maximum: 128,
    defaultText: 'available cores - 1, from 1 to 8',
    description: 'The threads that decode, process and write orders, each with a lane of partitions.',
  },
  BATCH_MAX_SIZE: {
    theme: 'Processing',
    type: 'integer',
    unit: 'records',
    minimum: 1,
    maximum: 10_000,
    default: 500,
    description: 'The most records that are written in one transaction.',
  },
  BATCH_MAX_WAIT_MS: {
    theme: 'Processing',
    ...DURATION,
    minimum: 0,
    maximum: 60_000,
    default: 10,
    description: 'The longest that the first record of a batch waits for others; an idle lane does not wait.',
  },
  PROCESSOR: {
    theme: 'Processing',
    type: 'string',
    default: '',
    expects: 'the path of a JavaScript module',
    description:
      'The module whose process(order, context) decides on an order; the built-in one confirms every order.',
  },
  PROCESSOR_TIMEOUT_MS: {
    theme: 'Processing',
    ...DURATION,
    minimum: 1,
    maximum: 3_600_000,
    default: 30_000,
    description: 'How long the processor may take for one order before the attempt counts as failed for now.',
  },
  RETRY_BASE_MS: {
    theme: 'Failures',
    ...DURATION,
    minimum: 1,
    maximum: 3_600_000,
    default: 500,
    description: 'The longest pause before the first retry of an order; each pause is drawn from zero to it.',
  },
  RETRY_FACTOR: {
    theme: 'Failures',
    type: 'integer',
    unit: 'times',
    minimum: 1,
    maximum: 10,
    default: 2,
    description: 'How many times as long each further pause may be.',
  },
  RETRY_CAP_MS: {
    theme: 'Failures',
    ...DURATION,
    minimum: 1,
    maximum: 86_400_000,
    default: 30_000,
    description: 'The longest pause between two attempts, however many there were.',
  },
  RETRY_MAX_ATTEMPTS: {
    theme: 'Failures',
    type: 'integer',
    unit: 'attempts',
    minimum: 1,
    maximum: 1_000_000,
    default: 20,
    description: 'After this many failed attempts an order becomes a dead letter.',
  },
  RETRY_BUDGET_MS: {
    theme: 'Failures',
    ...DURATION,
    minimum: 0,
    maximum: 2_592_000_000,
    default: 900_000,
    description:
      'After this time since its first failure an order has its last attempt before it becomes a dead letter.',
  },
  REPLAY_LIMIT: {
    theme: 'Failures',
    type: 'integer',
    unit: 'replays',
    minimum: 1,
    maximum: 1_000_000,
    default: 5,
    description: 'A dead letter that failed again this often is exhausted: replays skip it.',
  },
  DEAD_LETTER_FLOOD_PERCENT: {
    theme: 'Failures',
    type: 'integer',
    unit: '%',
    minimum: 1,
    maximum: 100,
    default: 50,
    description:
      'When more than this share of the last minute (100 records at least) would become dead letters, the pipeline holds them back and says so; 100 turns it off.',
  },
  BREAKER_FAILURES: {
    theme: 'Failures',
    type: 'integer',
    unit: 'failures',
    minimum: 1,
    maximum: 1_000_000,
    default: 3,
    description: 'After this many failures of the store, or of the event log, in a row its circuit opens.',
  },
  BREAKER_OPEN_MS: {
    theme: 'Failures',
    ...DURATION,
    minimum: 10,
    maximum: 3_600_000,
    default: 1_000,
    description: 'How long a circuit stays open before one attempt is let through.',
  },
  RATE_LIMIT_MAX: {
    theme: 'Protection',
    type: 'integer',
    unit: 'requests',
    minimum: 0,
    maximum: 1_000_000_000,
    default: 0,
    description:
      'How many requests a caller may send in a window before it is answered with 429; 0 turns it off.',
  },
  RATE_LIMIT_WINDOW_MS: {
    theme: 'Protection',
    ...DURATION,
    minimum: 1,
    maximum: 86_400_000,
    default: 1000,
    description: 'The window of RATE_LIMIT_MAX.',
  },
  REDIS_URL: {
    theme: 'Protection',
    type: 'string',
    pattern: '^rediss?://[^/?#]',
    expects: 'redis://host:port, or rediss:// for TLS',
    default: '',
    description:
      'The Redis in which replicas count requests together; without it each counts for itself. While it is away all requests pass.',
  },
  MAX_EVENT_LOOP_DELAY_MS: {
    theme: 'Protection',
    ...DURATION,
    minimum: 0,
    maximum: 60_000,
    default: 1000,
    description: 'From this delay of the event loop on requests are answered with 503; 0 turns it off.',
  },
} as const satisfies Record<string, SettingSchema>;

export type SettingName = keyof typeof SETTINGS;

/** A value for every setting. */
export type Settings = { readonly [Name in SettingName]: XStatic<(typeof SETTINGS)[Name]> };

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** The row as any row, with every optional part. */
export function settingSchema(name: SettingName): SettingSchema {
  return SETTINGS[name];
}
