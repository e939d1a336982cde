import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';

const warningsOf = (environment: NodeJS.ProcessEnv) => loadConfig(environment).warnings;

await t.test('a misspelled setting is reported with the one that was likely meant', async (t) => {
  for (const [given, meant] of [
    ['WORKER_THREAD', 'WORKER_THREADS'],
    ['KAFKA_BROKER', 'KAFKA_BROKERS'],
    ['BATCH_SIZE', 'BATCH_MAX_SIZE'],
    ['KAFKA_TOPIC', 'KAFKA_TOPIC_PREFIX'],
    ['SHUTDOWN_TIMEOUT', 'SHUTDOWN_TIMEOUT_MS'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['port', 'PORT'],
  ] as const) {
    t.same(warningsOf({ [given]: '1' }), [
      `${given} is not a setting and has no effect: did you mean ${meant}?`,
    ]);
  }
});

await t.test('variables of other programs cause no warning', async (t) => {
  const names = [
    'PATH',
    'HOME',
    'PWD',
    'SHELL',
    'TERM',
    'HOSTNAME',
    'LOGNAME',
    'NODE_ENV',
    'LANG',
    'TZ',
    'EDITOR',
  ];
  const kafka = ['KAFKA_HOME', 'KAFKA_OPTS', 'KAFKA_HEAP_OPTS', 'KAFKA_PORT_9092_TCP', 'KAFKA_SERVICE_HOST'];
  const npm = ['npm_config_loglevel', 'npm_package_version', 'npm_lifecycle_event'];
  t.same(warningsOf(Object.fromEntries([...names, ...kafka, ...npm].map((name) => [name, 'x']))), []);
});

await t.test('settings without effect are reported', async (t) => {
  t.match(warningsOf({ KAFKA_BROKERS: 'a:1', EVENT_LOG: 'embedded' }), [/^KAFKA_BROKERS has no effect/]);
  t.match(warningsOf({ DATABASE_POOL_SIZE: '5' }), [/^DATABASE_POOL_SIZE has no effect: .* SQLite/]);
  t.same(warningsOf({ DATABASE_POOL_SIZE: '5', DATABASE_URL: 'postgres://db/orders' }), []);
  t.match(warningsOf({ KAFKA_SASL_USERNAME: 'app' }), [
    /^KAFKA_SASL_USERNAME has no effect: .* is plaintext/,
  ]);
  t.match(warningsOf({ KAFKA_SSL_CA_LOCATION: '/ca', KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext' }), [
    /^KAFKA_SSL_CA/,
  ]);
  t.same(
    warningsOf({
      KAFKA_SSL_CA_LOCATION: '/ca',
      KAFKA_SASL_USERNAME: 'a',
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    }),
    [],
  );
});

await t.test('REDIS_URL without a rate limit is reported', async (t) => {
  t.same(warningsOf({ REDIS_URL: 'redis://cache:6379' }), ['REDIS_URL has no effect: RATE_LIMIT_MAX is 0.']);
  t.same(warningsOf({ REDIS_URL: 'redis://cache:6379', RATE_LIMIT_MAX: '1' }), []);
});

await t.test('BATCH_MAX_WAIT_MS has an effect only where there are several lanes', async (t) => {
  const wait = { BATCH_MAX_WAIT_MS: '20' };
  t.same(warningsOf({ ...wait, WORKER_THREADS: '2' }), []);
  t.match(warningsOf({ ...wait, WORKER_THREADS: '1' }), [/^BATCH_MAX_WAIT_MS has no effect/]);
  const postgres = { DATABASE_URL: 'postgres://db/orders', WORKER_THREADS: '1' };
  t.same(warningsOf({ ...wait, ...postgres }), []);
});
