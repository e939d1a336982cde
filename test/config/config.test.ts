import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

await t.test('an empty environment gives the defaults of the contract', async (t) => {
  const config = loadConfig({});
  t.strictSame(
    { ...config, settings: [] },
    {
      role: 'all',
      apiProcesses: 1,
      logLevel: 'info',
      dataDir: resolve('data'),
      shutdownTimeoutMs: 15_000,
      host: '127.0.0.1',
      port: 3000,
      grpcPort: 50_051,
      adminPort: undefined,
      documentation: true,
      auth: undefined,
      allowAnonymous: false,
      grpcTls: undefined,
      trustProxy: [],
      allowedHosts: [],
      corsOrigins: [],
      tracing: undefined,
      eventLog: 'embedded',
      ackTimeoutMs: 5000,
      logMaxPending: 20_000,
      logRetentionMs: 600_000,
      kafkaGroupId: 'order-workers',
      kafkaGroupInstanceId: undefined,
      kafkaTopicPrefix: '',
      kafkaPartitions: 12,
      kafkaClientSettings: { 'bootstrap.servers': '', 'security.protocol': 'plaintext' },
      database: { kind: 'sqlite', path: resolve('data/orders.db') },
      orderRetentionMs: undefined,
      workerThreads: Math.min(8, Math.max(1, availableParallelism() - 1)),
      batchMaxSize: 500,
      batchMaxWaitMs: 10,
      processor: undefined,
      processorEnvironment: {},
      processorTimeoutMs: 30_000,
      processorPatienceMs: 100,
      retry: { baseMs: 500, factor: 2, capMs: 30_000, maxAttempts: 20, budgetMs: 900_000 },
      replayLimit: 5,
      deadLetterFloodShare: 0.5,
      breaker: { failures: 3, openMs: 1_000 },
      rateLimitMax: 0,
      rateLimitWindowMs: 1000,
      maxWatchesPerCaller: 2_000,
      redisUrl: undefined,
      maxConnectionsPerAddress: 1000,
      maxStreamsPerSecond: 5000,
      maxEventLoopDelayMs: 1000,
      settings: [],
      warnings: [],
    },
  );
});

await t.test('KAFKA_BROKERS selects Kafka unless EVENT_LOG says otherwise', async (t) => {
  t.equal(loadConfig({ KAFKA_BROKERS: 'a:9092,[::1]:9093' }).eventLog, 'kafka');
  t.equal(loadConfig({ KAFKA_BROKERS: 'a:9092', EVENT_LOG: 'embedded' }).eventLog, 'embedded');
});

await t.test('the store is in DATA_DIR unless DATABASE_URL says otherwise', async (t) => {
  t.match(loadConfig({ DATA_DIR: '/var/orders' }).database, { path: '/var/orders/orders.db' });
  for (const [url, path] of [
    ['sqlite:/abs/o.db', '/abs/o.db'],
    ['sqlite:///abs/o.db', '/abs/o.db'],
    ['sqlite:rel/o.db', resolve('rel/o.db')],
    ['sqlite://rel/with space%20.db', resolve('rel/with space%20.db')],
  ] as const) {
    t.same(
      loadConfig({ DATABASE_URL: url, DATA_DIR: '/var/orders' }).database,
      { kind: 'sqlite', path },
      url,
    );
  }
});

await t.test('a PostgreSQL URL comes with its limits', async (t) => {
  const url = 'postgres://app:s3cret@db.example:5433/orders?sslmode=verify-full';
  const limits = { poolSize: 10, connectTimeoutMs: 5_000, statementTimeoutMs: 10_000, lockTimeoutMs: 5_000 };
  t.strictSame(loadConfig({ DATABASE_URL: url }).database, {
    kind: 'postgres',
    url,
    ...limits,
    numbersChanges: true,
  });
  const config = loadConfig({
    DATABASE_URL: url,
    KAFKA_BROKERS: 'a:1',
    DATABASE_POOL_SIZE: '3',
    DATABASE_CONNECT_TIMEOUT_MS: '1',
    DATABASE_STATEMENT_TIMEOUT_MS: '2',
    DATABASE_LOCK_TIMEOUT_MS: '3',
  });
  const given = { poolSize: 3, connectTimeoutMs: 1, statementTimeoutMs: 2, lockTimeoutMs: 3 };
  t.strictSame(config.database, { kind: 'postgres', url, ...given, numbersChanges: false });
  t.notMatch(JSON.stringify([config.settings, config.warnings]), /s3cret/);
  t.match(
    config.settings.find(({ name }) => name === 'DATABASE_URL')?.value,
    'postgres://app:***@db.example',
  );
});

await t.test('the command line overrides ROLE', async (t) => {
  const environment = { ROLE: 'worker', KAFKA_BROKERS: 'a:9092' };
  t.equal(loadConfig(environment).role, 'worker');
  const config = loadConfig(environment, { role: 'api' });
  t.equal(config.role, 'api');
  t.same(
    config.settings.find(({ name }) => name === 'ROLE'),
    { name: 'ROLE', value: 'api', source: 'command line' },
  );
});

await t.test('an empty value counts as not set', async (t) => {
  const config = loadConfig({ PORT: '', KAFKA_BROKERS: '', LOG_LEVEL: '', KAFKA_SASL_USERNAME: '' });
  t.same(config, loadConfig({}));
});

await t.test('port 0 picks a free port for HTTP and for gRPC', async (t) => {
  t.match(loadConfig({ PORT: '0', GRPC_PORT: '0' }), { port: 0, grpcPort: 0 });
});

await t.test('paths are absolute and lists are split', async (t) => {
  const file = join('src', 'main.ts');
  const { certPath, keyPath } = await selfSigned(await temporaryFolder(t));
  const config = loadConfig({
    PROCESSOR: file,
    GRPC_TLS_CERT: relative('', certPath),
    GRPC_TLS_KEY: relative('', keyPath),
    TRUST_PROXY: '10.0.0.0/8,::1',
    ALLOWED_HOSTS: 'orders.example,[2001:db8::1],192.0.2.1',
    CORS_ORIGINS: 'https://shop.example,http://localhost:5173,http://[::1]:5173',
  });
  t.equal(config.processor, resolve(file));
  t.same(config.grpcTls, { certPath, keyPath });
  t.same(config.trustProxy, ['10.0.0.0/8', '::1']);
  t.same(config.allowedHosts, ['orders.example', '[2001:db8::1]', '192.0.2.1']);
  t.same(config.corsOrigins, ['https://shop.example', 'http://localhost:5173', 'http://[::1]:5173']);
});

await t.test('the config is deeply frozen', async (t) => {
  const config = loadConfig({ TRUST_PROXY: '::1' });
  t.ok(Object.isFrozen(config));
  for (const part of [config.database, config.trustProxy, config.kafkaClientSettings, config.settings[0]]) {
    t.ok(Object.isFrozen(part));
  }
});
