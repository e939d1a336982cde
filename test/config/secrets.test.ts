import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { maskSecrets } from '../../src/config/mask.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { settingErrorsOf } from './setting-errors.ts';

await t.test('passwords in URLs are masked, even in malformed URLs', async (t) => {
  for (const [url, shown] of [
    ['postgres://app:s3cret@db:5432/orders', 'postgres://app:***@db:5432/orders'],
    ['redis://:s3cret@cache:6379/0', 'redis://:***@cache:6379/0'],
    ['postgres://app:s3/cr@et@db/orders', 'postgres://app:***@db/orders'],
    ['postgres//app:s3cret@db/orders', '***'],
    ['postgres://app:s3cret/orders', 'postgres://***'],
    ['postgres://app:s3\ncret@db/orders', 'postgres://app:***@db/orders'],
    ['host=db user=app password=s3cret dbname=orders', '***'],
    ["host=db password = 's3 cret'", '***'],
    ['postgres:host=db password=s3cret', 'postgres:***'],
    ['Server=db;Uid=app;Pwd=s3cret', '***'],
    ['sqlite:host=db password=s3cret', 'sqlite:***'],
    ['postgres://db:5432/o?password=s3@cret', 'postgres://db:5432/o?password=***'],
    ['postgres://db/o?user=app&password=s3cret&x=1', 'postgres://db/o?user=app&password=***&x=1'],
    ['postgres://db/o?sslpassword=s3cret', 'postgres://db/o?sslpassword=***'],
    ['sqlite:./data/orders.db', 'sqlite:./data/orders.db'],
    ['', ''],
  ] as const) {
    t.equal(maskSecrets('DATABASE_URL', url), shown);
  }
  t.equal(maskSecrets('KAFKA_BROKERS', 'a:9092,b:9092'), 'a:9092,b:9092');
  t.equal(maskSecrets('KAFKA_BROKERS', 'app:s3cret@a:9092'), 'app:***@a:9092');
});

await t.test(
  'secrets of Kafka are masked where settings are shown and whole where they are used',
  async (t) => {
    const secrets = {
      KAFKA_SASL_PASSWORD: 's3cret',
      KAFKA_SASL_JAAS_CONFIG: 'PlainLoginModule required password="s3cret";',
      KAFKA_SSL_A_NAME_THAT_WE_DO_NOT_KNOW: 's3cret',
      KAFKA_SSL_KEY_PASSWORD: 's3cret',
      KAFKA_SSL_KEYSTORE_PASSWORD: 's3cret',
      KAFKA_SSL_KEY_PEM: '-----BEGIN s3cret',
      KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: 's3cret',
      KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_PASSPHRASE: 's3cret',
    };
    const config = loadConfig({
      ...secrets,
      KAFKA_BROKERS: 'a:9092',
      KAFKA_SECURITY_PROTOCOL: 'sasl_ssl',
      KAFKA_SASL_USERNAME: 'app',
    });
    t.notMatch(JSON.stringify([config.settings, config.warnings]), /s3cret/);
    t.same(
      config.settings.filter(({ value }) => value === '***').map(({ name }) => name),
      Object.keys(secrets).sort(),
    );
    t.equal(config.settings.find(({ name }) => name === 'KAFKA_SASL_USERNAME')?.value, 'app');
    t.match(config.kafkaClientSettings, { 'sasl.password': 's3cret', 'ssl.key.password': 's3cret' });
  },
);

await t.test(
  'the password of Redis is masked where settings are shown and whole where it is used',
  async (t) => {
    const url = 'redis://:s3cret@cache:6379';
    const config = loadConfig({ REDIS_URL: url, RATE_LIMIT_MAX: '10' });
    t.notMatch(JSON.stringify([config.settings, config.warnings]), /s3cret/);
    t.equal(config.redisUrl, url);
    t.notMatch(settingErrorsOf({ REDIS_URL: 'http://:s3cret@cache:6379' }).join(), /s3cret/);
  },
);

await t.test('an error contains no secret', async (t) => {
  for (const url of [
    'mysql://app:s3cret@db/orders',
    'postgres://app:s3cret@db',
    'postgres://app:s3cr/et@db/orders',
    'postgres://app:s3cret/orders',
    'postgres://app:s3cr%zz@db/orders',
    'postgres://app:s3cr#t@db/orders',
    'host=db user=app password=s3cret dbname=orders',
    "host=db password='s3cret with spaces'",
    'postgres:host=db password=s3cret',
    'Server=db;Uid=app;Pwd=s3cret',
    's3cret',
  ]) {
    t.notMatch(settingErrorsOf({ DATABASE_URL: url }).join(), /s3cr/);
  }
});

await t.test(
  'the password of PostgreSQL comes from the URL, a file or PGPASSWORD, in this order',
  async (t) => {
    const file = join(await temporaryFolder(t), 'password');
    await writeFile(file, 'f/i#l?e s3cret\n', { mode: 0o600 });
    const passwordOf = (settings: Record<string, string>) => {
      const { database, settings: shown, warnings } = loadConfig(settings);
      t.notMatch(JSON.stringify([shown, warnings]), /s3cret/);
      // As the driver reads it.
      return new Client(database.kind === 'postgres' ? database.url : '').password;
    };
    const others = { DATABASE_PASSWORD_FILE: file, PGPASSWORD: 'v:a@r s3cret' };
    t.equal(passwordOf({ DATABASE_URL: 'postgres://app:url-s3cret@db/orders', ...others }), 'url-s3cret');
    t.equal(passwordOf({ DATABASE_URL: 'postgres://db/o?password=url-s3cret', ...others }), 'url-s3cret');
    t.equal(passwordOf({ DATABASE_URL: 'postgres://app@db/orders', ...others }), 'f/i#l?e s3cret');
    t.equal(passwordOf({ DATABASE_URL: 'postgres:///o?host=/run', ...others }), 'f/i#l?e s3cret');
    const variable = { DATABASE_URL: 'postgres://app@db/orders', PGPASSWORD: others.PGPASSWORD };
    t.equal(passwordOf(variable), 'v:a@r s3cret');
    t.equal(passwordOf({ DATABASE_URL: 'postgres://app@db/orders' }), null);
  },
);

await t.test('variables of a processor module are passed on whole and shown masked', async (t) => {
  const config = loadConfig({
    PROCESSOR: 'package.json',
    PROCESSOR_ENV_API_KEY: 's3cret',
    PROCESSOR_ENV_URL: '',
  });
  t.same(config.processorEnvironment, { API_KEY: 's3cret' });
  t.match(config.settings.at(-1), { name: 'PROCESSOR_ENV_API_KEY', value: '***' });
  t.same(config.warnings, []);
  t.same(loadConfig({ PROCESSOR_ENV_API_KEY: 's3cret' }).warnings, [
    'PROCESSOR_ENV_API_KEY has no effect: PROCESSOR is not set.',
  ]);
});
