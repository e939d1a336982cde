import type { XStatic } from 'typebox/schema';
import type { SettingSchema } from './setting-schema.ts';
import { TRACING_SETTINGS } from './tracing-settings.ts';

const PORT = { type: 'integer', minimum: 0, maximum: 65_535 } as const;
const BROKER = '([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:]+\\]):\\d{1,5}';
const HOST_NAME = '([A-Za-z0-9_-][A-Za-z0-9._-]*|\\[[0-9A-Fa-f:.]+\\])';
const ORIGIN = 'https?://([a-z0-9._-]+|\\[[0-9a-f:.]+\\])(:\\d{1,5})?';
const SWITCH = { type: 'string', enum: ['true', 'false'] } as const;
const CLAIM = { type: 'string', pattern: '^[^\\s"\\\\]{1,200}$', expects: 'the name of a claim' } as const;
const DURATION = { type: 'integer', unit: 'ms' } as const;

/**
 * Every setting of the service. Parsing, `--help`, `order-system config`, .env.example and docs/configuration.md are
 * generated from this table. It is plain JSON Schema, typed by TypeBox: the TypeBox builder would triple the time `--help` takes.
 */
export const SETTINGS = {
  ROLE: {
    theme: 'Process',
    type: 'string',
    enum: ['all', 'api', 'worker'],
    default: 'all',
    description: 'What this process does: serve requests (api), process orders (worker), or both (all).',
  },
  API_PROCESSES: {
    theme: 'Process',
    type: 'string',
    pattern: '^(auto|[1-9]\\d?|1[01]\\d|12[0-8])$',
    expects: 'a whole number from 1 to 128, or auto',
    default: '1',
    description:
      'How many processes of the role api share its ports, so that one service uses several cores; needs Kafka and PostgreSQL. auto: one for each core.',
  },
  LOG_LEVEL: {
    theme: 'Process',
    type: 'string',
    enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    description:
      'The lowest severity that is logged on stdout: readable lines on a terminal, JSON elsewhere.',
  },
  DATA_DIR: {
    theme: 'Process',
    type: 'string',
    default: './data',
    expects: 'the path of a folder',
    description: 'The folder of the embedded event log and the SQLite store; created if missing.',
  },
  UNPACK_DIR: {
    theme: 'Process',
    type: 'string',
    default: '',
    expects: 'the path of a folder',
    description:
      'Where the executable file unpacks its modules, if not into order-system in $XDG_CACHE_HOME or ~/.cache: a folder that this user can write to and no other user can; other installations do not need it.',
  },
  SHUTDOWN_TIMEOUT_MS: {
    theme: 'Process',
    ...DURATION,
    minimum: 100,
    maximum: 3_600_000,
    default: 15_000,
    description:
      'How long a shutdown may take to finish work in flight before the process exits with code 1.',
  },
  HOST: {
    theme: 'Addresses',
    type: 'string',
    pattern: '^([A-Za-z0-9._-]+|[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*(%[A-Za-z0-9._-]+)?)$',
    expects: 'an address or a host name without scheme and port',
    default: '127.0.0.1',
    description: 'The address that HTTP and gRPC listen on; 0.0.0.0 means every address of the machine.',
  },
  PORT: {
    theme: 'Addresses',
    ...PORT,
    default: 3000,
    description: 'The HTTP port; 0 picks a free one.',
  },
  GRPC_PORT: {
    theme: 'Addresses',
    ...PORT,
    default: 50_051,
    description: 'The gRPC port; 0 picks a free one.',
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
    description: 'The private key of GRPC_TLS_CERT; a file that every user may read is refused.',
  },
  ADMIN_PORT: {
    theme: 'Addresses',
    ...PORT,
    default: 0,
    description:
      'A second HTTP port, on HOST: it serves /livez, /readyz with details and /metrics without credentials, so let only operators reach it. 0: no such port; with authentication, /metrics then needs the scope stats:read.',
  },
  DOCUMENTATION: {
    theme: 'Addresses',
    ...SWITCH,
    default: 'true',
    description: 'Whether /docs, /openapi.json and gRPC reflection are served; they need no credentials.',
  },
  TRUST_PROXY: {
    theme: 'Addresses',
    type: 'string',
    default: '',
    expects: 'addresses or networks separated by commas, such as 10.0.0.0/8,::1',
    description:
      'The proxies whose X-Forwarded-For header is trusted to name the client, for the limits of each client.',
  },
  EVENT_LOG: {
    theme: 'Event log',
    type: 'string',
    enum: ['embedded', 'kafka'],
    defaultText: 'kafka when KAFKA_BROKERS is set, else embedded',
    description: 'Where acknowledged orders wait to be processed: in a file of this process, or in Kafka.',
  },
  ACK_TIMEOUT_MS: {
    theme: 'Event log',
    ...DURATION,
    minimum: 1,
    maximum: 600_000,
    default: 5000,
    description:
      'How long a request waits for the event log to acknowledge its order before it is answered 504.',
  },
  LOG_MAX_PENDING: {
    theme: 'Event log',
    type: 'integer',
    unit: 'records',
    minimum: 1_000,
    maximum: 10_000_000,
    default: 20_000,
    description:
      'How many unacknowledged records the event log may have; beyond that, requests are answered 503. A tenth is reserved for status events.',
  },
  LOG_RETENTION_MS: {
    theme: 'Event log',
    ...DURATION,
    minimum: 0,
    maximum: 2_592_000_000,
    default: 600_000,
    description: 'How long the embedded event log keeps consumed records and copies of dead letters.',
  },
  KAFKA_BROKERS: {
    theme: 'Kafka',
    type: 'string',
    pattern: `^${BROKER}(,${BROKER})*$`,
    expects: 'host:port pairs separated by commas, without a scheme',
    default: '',
    description: 'The bootstrap brokers of the Kafka cluster.',
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
      'A unique, stable name of this worker for static group membership: its partitions wait up to 15 s while it restarts.',
  },
  KAFKA_TOPIC_PREFIX: {
    theme: 'Kafka',
    type: 'string',
    pattern: '^[A-Za-z0-9._-]{0,200}$',
    expects: 'at most 200 of A-Z a-z 0-9 . _ -',
    default: '',
    description: 'A prefix for the names of all topics.',
  },
  KAFKA_PARTITIONS: {
    theme: 'Kafka',
    type: 'integer',
    unit: 'partitions',
    minimum: 1,
    maximum: 10_000,
    default: 12,
    description:
      'The number of partitions of topics that the service creates at start. Keep it when topics grow: orders with an ' +
      'idempotency key use only the first so many partitions.',
  },
  KAFKA_SECURITY_PROTOCOL: {
    theme: 'Kafka',
    type: 'string',
    pattern: '^([Ss][Aa][Ss][Ll]_)?([Pp][Ll][Aa][Ii][Nn][Tt][Ee][Xx][Tt]|[Ss][Ss][Ll])$',
    expects: 'plaintext, ssl, sasl_plaintext or sasl_ssl',
    default: 'plaintext',
    description: 'The protocol used with the brokers.',
  },
  DATABASE_URL: {
    theme: 'Store',
    type: 'string',
    expects: 'sqlite:<path> or postgres://user:password@host:5432/database',
    defaultText: 'sqlite:<DATA_DIR>/orders.db',
    description: 'The database of orders, their history and the progress through the event log.',
  },
  DATABASE_PASSWORD_FILE: {
    theme: 'Store',
    type: 'string',
    default: '',
    expects: 'the path of a file',
    description:
      'A file with the password of PostgreSQL, for a DATABASE_URL without one; read at start. PGPASSWORD works as well.',
  },
  DATABASE_POOL_SIZE: {
    theme: 'Store',
    type: 'integer',
    unit: 'connections',
    minimum: 1,
    maximum: 1_000,
    default: 10,
    description:
      'The maximum number of PostgreSQL connections for requests; each writing thread has up to two more.',
  },
  DATABASE_CONNECT_TIMEOUT_MS: {
    theme: 'Store',
    ...DURATION,
    minimum: 1,
    maximum: 600_000,
    default: 5_000,
    description: 'How long to wait for a new PostgreSQL connection, or for a free one of the pool.',
  },
  DATABASE_STATEMENT_TIMEOUT_MS: {
    theme: 'Store',
    ...DURATION,
    minimum: 1,
    maximum: 600_000,
    default: 10_000,
    description: 'How long one PostgreSQL statement may take; five seconds later the connection is dropped.',
  },
  DATABASE_LOCK_TIMEOUT_MS: {
    theme: 'Store',
    ...DURATION,
    minimum: 1,
    maximum: 600_000,
    default: 5_000,
    description: 'How long one PostgreSQL statement may wait for a lock.',
  },
  ORDER_RETENTION_DAYS: {
    theme: 'Store',
    type: 'integer',
    unit: 'days',
    minimum: 0,
    maximum: 36_500,
    default: 0,
    description:
      'How long the store keeps closed orders after their last change, with everything that belongs to them; 0 keeps them for ever. Workers delete them.',
  },
  WORKER_THREADS: {
    theme: 'Processing',
    type: 'integer',
    unit: 'threads',
    minimum: 1,
    maximum: 128,
    defaultText: 'available cores - 1, from 1 to 8',
    description:
      'The threads that decode, process and write orders; each serves one lane of partitions, or two with PostgreSQL.',
  },
  BATCH_MAX_SIZE: {
    theme: 'Processing',
    type: 'integer',
    unit: 'records',
    minimum: 1,
    maximum: 10_000,
    default: 500,
    description: 'The maximum number of records written in one transaction.',
  },
  BATCH_MAX_WAIT_MS: {
    theme: 'Processing',
    ...DURATION,
    minimum: 0,
    maximum: 60_000,
    default: 10,
    description:
      'How long a partial batch may wait while other lanes write: with SQLite another one, with PostgreSQL as many as there are threads.',
  },
  PROCESSOR: {
    theme: 'Processing',
    type: 'string',
    default: '',
    expects: 'the path of a JavaScript module',
    description:
      'A module whose process(order, context) decides on each order; the built-in one confirms every order.',
  },
  PROCESSOR_TIMEOUT_MS: {
    theme: 'Processing',
    ...DURATION,
    minimum: 1,
    maximum: 3_600_000,
    default: 30_000,
    description:
      'How long the processor may take for one order before the attempt counts as a transient failure.',
  },
  PROCESSOR_PATIENCE_MS: {
    theme: 'Processing',
    ...DURATION,
    minimum: 1,
    maximum: 3_600_000,
    default: 100,
    description:
      'The longest that a batch waits for a slow call of the processor; then the call goes on alone. Usually a batch waits only twice as long as nine tenths of the calls take.',
  },
  RETRY_BASE_MS: {
    theme: 'Failures',
    ...DURATION,
    minimum: 1,
    maximum: 3_600_000,
    default: 500,
    description:
      'The maximum pause before the first retry of an order; each pause is random between zero and its maximum.',
  },
  RETRY_FACTOR: {
    theme: 'Failures',
    type: 'integer',
    unit: 'times',
    minimum: 1,
    maximum: 10,
    default: 2,
    description: 'The factor by which the maximum pause grows with each retry.',
  },
  RETRY_CAP_MS: {
    theme: 'Failures',
    ...DURATION,
    minimum: 1,
    maximum: 86_400_000,
    default: 30_000,
    description: 'The upper limit of the pause between two attempts.',
  },
  RETRY_MAX_ATTEMPTS: {
    theme: 'Failures',
    type: 'integer',
    unit: 'attempts',
    minimum: 1,
    maximum: 1_000_000,
    default: 20,
    description: 'The number of failed attempts after which an order becomes a dead letter.',
  },
  RETRY_BUDGET_MS: {
    theme: 'Failures',
    ...DURATION,
    minimum: 0,
    maximum: 2_592_000_000,
    default: 900_000,
    description:
      'The time after the first failure at which an order gets its last attempt before it becomes a dead letter.',
  },
  REPLAY_LIMIT: {
    theme: 'Failures',
    type: 'integer',
    unit: 'replays',
    minimum: 1,
    maximum: 1_000_000,
    default: 5,
    description: 'The number of failed replays after which a dead letter is exhausted: replays skip it.',
  },
  DEAD_LETTER_FLOOD_PERCENT: {
    theme: 'Failures',
    type: 'integer',
    unit: '%',
    minimum: 1,
    maximum: 100,
    default: 50,
    description:
      'If more than this share of the records of the last minute (at least 100) would become dead letters, the pipeline stops and retries instead; 100 turns the limit off.',
  },
  BREAKER_FAILURES: {
    theme: 'Failures',
    type: 'integer',
    unit: 'failures',
    minimum: 1,
    maximum: 1_000_000,
    default: 3,
    description:
      'The number of consecutive failures of the store or the event log that opens its circuit breaker.',
  },
  BREAKER_OPEN_MS: {
    theme: 'Failures',
    ...DURATION,
    minimum: 10,
    maximum: 3_600_000,
    default: 1_000,
    description: 'How long a circuit breaker stays open before it lets one attempt through.',
  },
  AUTH_ISSUER: {
    theme: 'Identity',
    type: 'string',
    pattern: '^\\S{1,500}$',
    expects: 'the issuer exactly as tokens name it (iss), such as https://login.example/realms/shop',
    default: '',
    description:
      'The issuer whose JWT access tokens (Authorization: Bearer) are accepted. It turns authentication on; AUTH_AUDIENCE is needed as well.',
  },
  AUTH_AUDIENCE: {
    theme: 'Identity',
    type: 'string',
    pattern: '^\\S{1,500}$',
    expects: 'the audience exactly as tokens name it (aud), such as https://orders.example',
    default: '',
    description: 'The name of this service in tokens (aud); tokens for other services are refused.',
  },
  AUTH_JWKS_URL: {
    theme: 'Identity',
    type: 'string',
    pattern: '^https?://[^\\s/?#@]+[^\\s@]*$',
    expects: 'an https address without credentials, such as https://login.example/keys',
    default: '',
    description:
      'Where the public keys of AUTH_ISSUER (JWKS) are fetched; without it, its metadata says where (/.well-known/openid-configuration or oauth-authorization-server).',
  },
  AUTH_JWKS_FILE: {
    theme: 'Identity',
    type: 'string',
    default: '',
    expects: 'the path of a JSON file',
    description:
      'A file with the public keys of AUTH_ISSUER (JWKS), instead of an address; changes are noticed within 30 s.',
  },
  AUTH_ALGORITHMS: {
    theme: 'Identity',
    type: 'string',
    pattern: '^[A-Za-z0-9-]+(,[A-Za-z0-9-]+)*$',
    expects: 'names of signature algorithms separated by commas, such as RS256,ES256',
    default: 'RS256,PS256,ES256,EdDSA',
    description: 'The algorithms that tokens may be signed with; none and HS256, HS384, HS512 are refused.',
  },
  AUTH_TOKEN_TYPES: {
    theme: 'Identity',
    type: 'string',
    pattern: '^[A-Za-z0-9+./-]+(,[A-Za-z0-9+./-]+)*$',
    expects: 'types separated by commas, such as at+jwt,JWT',
    default: 'at+jwt',
    description:
      'The types (typ) of accepted tokens. Some issuers, such as Keycloak, mark access tokens as JWT: then set JWT.',
  },
  AUTH_CLOCK_TOLERANCE_MS: {
    theme: 'Identity',
    ...DURATION,
    minimum: 0,
    maximum: 300_000,
    default: 5_000,
    description:
      'How far the clock of the issuer may differ from that of the service when exp and nbf of a token are checked. Open streams end at exp, without this tolerance.',
  },
  AUTH_SCOPE_CLAIM: {
    theme: 'Identity',
    ...CLAIM,
    default: 'scope',
    description: 'The claim with the scopes of a token: one string, separated by spaces, or a list.',
  },
  AUTH_CUSTOMER_CLAIM: {
    theme: 'Identity',
    ...CLAIM,
    default: 'customer_id',
    description: 'The claim that limits a token to the orders of one customer.',
  },
  AUTH_MERCHANT_CLAIM: {
    theme: 'Identity',
    ...CLAIM,
    default: 'merchant_id',
    description:
      'The claim that limits a token to the orders of one merchant. A token with neither claim may use all orders, within its scopes.',
  },
  AUTH_API_KEYS: {
    theme: 'Identity',
    ...SWITCH,
    default: 'false',
    description:
      'Whether API keys (Authorization: Bearer osk_…) are accepted; true turns authentication on. Create them with order-system keys create.',
  },
  ALLOW_ANONYMOUS: {
    theme: 'Identity',
    ...SWITCH,
    default: 'false',
    description:
      'Whether the service may listen on an address other than loopback while authentication is off. Every caller may then use all orders: something in front of the service must check callers.',
  },
  ALLOWED_HOSTS: {
    theme: 'Protection',
    type: 'string',
    pattern: `^${HOST_NAME}(,${HOST_NAME})*$`,
    expects:
      'host names or addresses without port, separated by commas, such as orders.example,[2001:db8::1]',
    default: '',
    description:
      'More names under which callers may reach HTTP; a request with any other Host header is answered 421. Always allowed are localhost, loopback addresses, HOST, and any address if HOST is 0.0.0.0 or ::.',
  },
  CORS_ORIGINS: {
    theme: 'Protection',
    type: 'string',
    pattern: `^${ORIGIN}(,${ORIGIN})*$`,
    expects: 'origins in lower case, separated by commas, such as https://shop.example,http://localhost:5173',
    default: '',
    description:
      "The origins whose pages may use the API in a browser (CORS); without it only the service's own pages may.",
  },
  RATE_LIMIT_MAX: {
    theme: 'Protection',
    type: 'integer',
    unit: 'requests',
    minimum: 0,
    maximum: 1_000_000_000,
    default: 0,
    description:
      'How many requests and gRPC calls a client address may send per window, and with authentication each principal as well, before they are answered 429 (RESOURCE_EXHAUSTED); each order of a batch counts; 0 turns the limit off.',
  },
  RATE_LIMIT_WINDOW_MS: {
    theme: 'Protection',
    ...DURATION,
    minimum: 1,
    maximum: 86_400_000,
    default: 1000,
    description: 'The length of the window of RATE_LIMIT_MAX.',
  },
  MAX_WATCHES_PER_CALLER: {
    theme: 'Protection',
    type: 'integer',
    unit: 'watches',
    minimum: 1,
    maximum: 20_000,
    default: 2_000,
    description:
      'How many streams a client address may have open at one replica, and as many requests that wait for their orders. Further streams are answered 429.',
  },
  REDIS_URL: {
    theme: 'Protection',
    type: 'string',
    pattern: '^rediss?://[^/?#]',
    expects: 'redis://host:port, or rediss:// for TLS',
    default: '',
    description:
      'A Redis in which replicas share their rate limit counters; without it, and while it is unreachable, each replica counts for itself.',
  },
  MAX_CONNECTIONS_PER_ADDRESS: {
    theme: 'Protection',
    type: 'integer',
    unit: 'connections',
    minimum: 0,
    maximum: 20_000,
    default: 1_000,
    description:
      'How many connections a client address may have open, each for HTTP and gRPC; further ones are closed. Addresses in TRUST_PROXY have no limit; 0 turns the limit off.',
  },
  MAX_STREAMS_PER_SECOND: {
    theme: 'Protection',
    type: 'integer',
    unit: 'streams',
    minimum: 0,
    maximum: 1_000_000,
    default: 5_000,
    description:
      'How many gRPC calls a client address may start per second, where a call that its client abandons at once counts as ten more; beyond that its connection is closed (ENHANCE_YOUR_CALM). 0 turns the limit off.',
  },
  MAX_EVENT_LOOP_DELAY_MS: {
    theme: 'Protection',
    ...DURATION,
    minimum: 0,
    maximum: 60_000,
    default: 1000,
    description:
      'The event loop delay from which requests are answered 503 and gRPC calls UNAVAILABLE; 0 turns load shedding off.',
  },
  ...TRACING_SETTINGS,
} as const satisfies Record<string, SettingSchema>;

export type SettingName = keyof typeof SETTINGS;

/** A value for every setting. */
export type Settings = { readonly [Name in SettingName]: XStatic<(typeof SETTINGS)[Name]> };

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** The schema of a setting, with every optional property. */
export function settingSchema(name: SettingName): SettingSchema {
  return SETTINGS[name];
}
