import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { RateLimitRedis } from '../../src/app/rate-limit-redis.ts';
import { MemoryRateLimitStore } from '../../src/services/memory-rate-limit-store.ts';
import { createEventLog } from '../../src/app/event-log.ts';
import { createLogger } from '../../src/base/logger.ts';
import { loadConfig } from '../../src/config/config.ts';
import { openReader } from '../../src/store/open/open-store.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';

function logged() {
  const lines: string[] = [];
  return { logger: createLogger('debug', { write: (line) => lines.push(line) }), text: () => lines.join('') };
}

/** A server that answers everything with this line. */
async function answering(t: Test, line: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(`${line}\r\n`));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

await t.test('a Redis that refuses the password: the log says so without it', async (t) => {
  const port = await answering(t, '-WRONGPASS invalid username-password pair or user is disabled.');
  const { logger, text } = logged();
  const limit = { max: 1, windowMs: 1_000 };
  const redis = new RateLimitRedis({
    url: `redis://app:s3cret@127.0.0.1:${port}`,
    limit,
    local: new MemoryRateLimitStore(limit),
    logger,
  });
  await redis.start();
  t.teardown(() => redis.stop());
  await eventually(() => text().includes('unreachable'), { what: 'the warning' });
  t.match(text(), /WRONGPASS/);
  t.notMatch(text(), /s3cret/);
});

await t.test(
  'a PostgreSQL that refuses the password, or cannot be reached: the error is without it',
  async (t) => {
    const server = await PostgresServer.start(t);
    const { host } = new URL(await server.createDatabase());
    for (const url of [
      `postgres://tester:wr0ng-s3cret@${host}/postgres`,
      `postgres://nobody:wr0ng-s3cret@${host}/postgres`,
      `postgres://tester@${host}/postgres?password=wr0ng-s3cret`,
      `postgres://tester:s3cret@${host}/wr0ng`,
      `postgres://tester:s3cret@${host}/postgres?sslmode=verify-full`,
      'postgres://tester:s3cret@127.0.0.1:1/postgres',
      'postgres://tester:s3cret@nowhere.invalid/postgres',
    ]) {
      const { logger, text } = logged();
      const { database } = loadConfig({ DATABASE_URL: url });
      const error = await openReader(database).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      logger.error({ err: error }, String(error));
      t.match(text(), /PostgreSQL/, url);
      t.notMatch(text(), /s3cret/, url);
    }
  },
);

await t.test('Kafka settings that librdkafka refuses: the error is without them', async (t) => {
  const plain = { KAFKA_SASL_MECHANISMS: 'PLAIN', KAFKA_SASL_USERNAME: 'app', KAFKA_SASL_PASSWORD: 's3cret' };
  const kafka = { KAFKA_BROKERS: '127.0.0.1:1', KAFKA_SECURITY_PROTOCOL: 'sasl_ssl' };
  const keystore = { KAFKA_SSL_KEYSTORE_LOCATION: '/nowhere', KAFKA_SSL_KEYSTORE_PASSWORD: 's3cret' };
  for (const settings of [
    { KAFKA_SASL_MECHANISMS: 'PLAIN', KAFKA_SASL_JAAS_CONFIG: 'required password="s3cret";' },
    { KAFKA_SASL_MECHANISMS: 'PLAIN', KAFKA_SASL_PASSWORD: 's3cret' },
    { ...plain, KAFKA_SSL_KEY_PEM: 's3cret' },
    { ...plain, KAFKA_SSL_A_NAME_THAT_WE_DO_NOT_KNOW: 's3cret' },
    { ...plain, ...keystore },
  ]) {
    const { logger, text } = logged();
    const log = await createEventLog(loadConfig({ ...kafka, ...settings }), logger);
    const error = await log.start().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    t.ok(error, JSON.stringify(settings));
    logger.error({ err: error }, String(error));
    t.notMatch(text(), /s3cret/, JSON.stringify(settings));
    await log.stop();
  }
});

await t.test('an error that holds what its driver was given is logged without it', async (t) => {
  const { logger, text } = logged();
  const cause = Object.assign(new Error('AUTH failed'), {
    command: { name: 'auth', args: ['s3cret'] },
    code: 'E',
  });
  const unreadable = Object.assign(new TypeError('Invalid URL'), { input: 'postgres://app:s3cret@' });
  logger.error({ err: new Error('no connection', { cause }) }, 'failed');
  logger.error({ err: new AggregateError([cause, unreadable], 'all failed') }, 'failed');
  logger.error({ err: unreadable }, 'failed');
  t.match(text(), /AUTH failed.*"code":"E"/);
  t.notMatch(text(), /s3cret/);
});
