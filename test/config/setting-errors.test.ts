import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { parseSetting } from '../../src/config/read-settings.ts';
import { SETTING_NAMES, settingSchema } from '../../src/config/settings.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { settingErrorsOf } from './setting-errors.ts';

await t.test('all errors are listed at once, each with setting, value, problem and remedy', async (t) => {
  t.same(
    settingErrorsOf(
      {
        PORT: '10ms',
        BATCH_MAX_SIZE: '0',
        LOG_LEVEL: 'verbose',
        EVENT_LOG: 'kafka',
        DATABASE_URL: 'mysql://root:s3cret@db/orders',
        PROCESSOR: './no-such-processor.js',
      },
      { role: 'both' },
    ),
    [
      '--role "both" is not known: give all, api or worker.',
      'LOG_LEVEL="verbose" is not known: give fatal, error, warn, info, debug, trace or silent.',
      'PORT="10ms" is not a whole number: give a whole number from 0 to 65535, digits only.',
      'BATCH_MAX_SIZE="0" is out of range: give a whole number from 1 to 10000.',
      'EVENT_LOG="kafka" needs brokers: set KAFKA_BROKERS to host:port pairs.',
      'PROCESSOR="./no-such-processor.js" does not exist: give the path of a file.',
      'DATABASE_URL="mysql://root:***@db/orders" has an unknown scheme: give sqlite:<path> or postgres://user:password@host:5432/database.',
    ],
  );
});

await t.test('each error points at its setting', async (t) => {
  t.throws(() => loadConfig({ PORT: 'x' }), {
    code: 'settings-invalid',
    errors: [{ pointer: '/PORT' }],
    message: /^1 setting is invalid/,
  });
});

await t.test('numbers are parsed strictly', async (t) => {
  const schema = { theme: 'Process', type: 'integer', minimum: 0, maximum: 9, description: '' } as const;
  for (const text of ['10ms', '1e3', ' 5', '5 ', '5\n', '007', '+5', '0x10', '1.5', '1_000', 'NaN', '-']) {
    t.match(parseSetting(schema, text), { problem: /is not a whole number: give / }, JSON.stringify(text));
  }
  t.same(parseSetting(schema, '5'), { value: 5 });
});

await t.test('every number has its bounds', async (t) => {
  for (const name of SETTING_NAMES.filter((name) => settingSchema(name).type === 'integer')) {
    const schema = settingSchema(name);
    const { minimum = NaN, maximum = NaN } = schema;
    for (const value of [minimum, maximum]) t.same(parseSetting(schema, String(value)), { value }, name);
    for (const value of [minimum - 1, maximum + 1]) {
      t.match(parseSetting(schema, String(value)), { problem: `from ${minimum} to ${maximum}` }, name);
    }
  }
});

await t.test('invalid texts are refused with what is allowed', async (t) => {
  const refused: [string, string, RegExp][] = [
    ['HOST', 'http://localhost', /give an address or a host name without scheme and port/],
    ['HOST', 'localhost:3000', /without scheme and port/],
    ['ALLOWED_HOSTS', 'https://orders.example', /give host names or addresses without port/],
    ['ALLOWED_HOSTS', 'orders.example:3000', /without port/],
    ['ALLOWED_HOSTS', 'a, b', /separated by commas/],
    ['ALLOWED_HOSTS', '2001:db8::1', /\[2001:db8::1\]/],
    ['ALLOWED_HOSTS', '*', /host names or addresses/],
    ['CORS_ORIGINS', '*', /give origins in lower case/],
    ['CORS_ORIGINS', 'null', /give origins/],
    ['CORS_ORIGINS', 'https://Shop.example', /lower case/],
    ['CORS_ORIGINS', 'https://shop.example/', /such as https:\/\/shop\.example/],
    ['CORS_ORIGINS', 'https://shop.example:443', /which no browser sends: .* without the default port/],
    ['CORS_ORIGINS', 'ftp://shop.example', /give origins/],
    ['KAFKA_BROKERS', 'broker', /give host:port pairs/],
    ['KAFKA_BROKERS', 'a:9092, b:9092', /give host:port pairs/],
    ['KAFKA_BROKERS', 'PLAINTEXT://a:9092', /without a scheme/],
    ['KAFKA_BROKERS', 'a:9092,b:99999', /contains "b:99999", whose port is out of range/],
    ['KAFKA_TOPIC_PREFIX', 'a/b', /give at most 200 of/],
    ['KAFKA_GROUP_ID', 'two words', /without spaces/],
    ['KAFKA_SECURITY_PROTOCOL', 'tls', /give plaintext, ssl, sasl_plaintext or sasl_ssl/],
    ['TRUST_PROXY', 'true', /neither an address nor a network/],
    ['TRUST_PROXY', '10.0.0.0/33', /"10.0.0.0\/33", which is neither/],
    ['DATABASE_URL', 'postgres://u:s3/cret@db/orders', /cannot be read: .* %2F %40/],
    ['DATABASE_URL', 'postgres:orders', /cannot be read/],
    ['DATABASE_URL', 'postgres://u:s3cret@db:port/orders', /cannot be read/],
    ['DATABASE_URL', 'postgres://u:s3cret@db', /names no database/],
    ['DATABASE_URL', 'postgresql://u:s3cret@db/', /names no database/],
    ['DATABASE_URL', 'postgres://u:s3cret@db/orders#x', /contains a #/],
    ['DATABASE_URL', 'sqlite::memory:', /in-memory store/],
    ['DATABASE_URL', 'sqlite:', /names no file/],
    ['DATABASE_URL', 'sqlite:src', /is a folder/],
    ['DATA_DIR', 'package.json', /is not a folder/],
    ['PROCESSOR', 'src', /is a folder: give the path of a file/],
  ];
  for (const [name, value, expected] of refused) {
    t.match(settingErrorsOf({ [name]: value }), [expected], `${name}=${value}`);
  }
});

await t.test('valid texts are accepted', async (t) => {
  for (const HOST of ['0.0.0.0', '::', '::1', 'fe80::1%eth0', 'localhost', 'orders.example']) {
    t.same(settingErrorsOf({ HOST, ALLOW_ANONYMOUS: 'true' }), [], HOST);
  }
  t.same(settingErrorsOf({ KAFKA_BROKERS: 'kafka-1.example:9092,[::1]:9093,10.0.0.1:9094' }), []);
  t.same(settingErrorsOf({ TRUST_PROXY: '127.0.0.1,10.0.0.0/8,fd00::/8' }), []);
  t.same(settingErrorsOf({ DATA_DIR: 'src' }), []);
  for (const DATABASE_URL of [
    'postgres://u:p%40ss@db/orders',
    'postgresql://db:5433/orders?sslmode=require',
    'postgres:///orders',
  ]) {
    t.same(settingErrorsOf({ DATABASE_URL }), [], DATABASE_URL);
  }
});

await t.test('the roles api and worker need a shared event log', async (t) => {
  for (const ROLE of ['api', 'worker']) {
    t.match(settingErrorsOf({ ROLE }), [
      new RegExp(`^ROLE="${ROLE}" needs an event log that several processes share`),
    ]);
    t.match(settingErrorsOf({ ROLE, EVENT_LOG: 'embedded', KAFKA_BROKERS: 'a:1' }), [/^ROLE=/]);
    t.same(settingErrorsOf({ ROLE, KAFKA_BROKERS: 'a:1' }), []);
  }
});

await t.test('orders are kept at least as long as their records in the embedded log', async (t) => {
  const settings = { ORDER_RETENTION_DAYS: '1', LOG_RETENTION_MS: '86400001' };
  t.match(settingErrorsOf(settings), [/^ORDER_RETENTION_DAYS="1" is shorter than LOG_RETENTION_MS/]);
  t.same(settingErrorsOf({ ...settings, LOG_RETENTION_MS: '86400000' }), []);
  t.same(settingErrorsOf({ ...settings, KAFKA_BROKERS: 'a:1' }), []);
  t.same(settingErrorsOf({ ...settings, ORDER_RETENTION_DAYS: '0' }), []);
});

await t.test('HTTP and gRPC need different ports, defaults included', async (t) => {
  t.match(settingErrorsOf({ PORT: '50051' }), [/^GRPC_PORT="50051" \(default\) is also the port of HTTP/]);
  t.match(settingErrorsOf({ PORT: '4000', GRPC_PORT: '4000' }), [
    /^GRPC_PORT="4000" is also the port of HTTP/,
  ]);
});

await t.test('certificate and key must be set together', async (t) => {
  t.match(settingErrorsOf({ GRPC_TLS_CERT: 'package.json' }), [/^GRPC_TLS_CERT=.* has no key/]);
  t.match(settingErrorsOf({ GRPC_TLS_KEY: 'package.json' }), [/^GRPC_TLS_KEY=.* has no certificate/]);
  t.match(settingErrorsOf({ GRPC_TLS_KEY: 'a', GRPC_TLS_CERT: 'b' }), [
    /"b" does not exist/,
    /"a" does not exist/,
  ]);
});

await t.test('certificate and key must be PEM files that match', async (t) => {
  const folder = await temporaryFolder(t);
  const [one, other] = [await selfSigned(folder, 'one'), await selfSigned(folder, 'other')];
  const fault = (cert: string, key: string) => settingErrorsOf({ GRPC_TLS_CERT: cert, GRPC_TLS_KEY: key });
  t.same(fault(one.certPath, one.keyPath), []);
  t.match(fault(one.certPath, other.keyPath), [/^GRPC_TLS_CERT=.* is not a certificate for the key/]);
  t.match(fault('package.json', one.keyPath), [/^GRPC_TLS_CERT=.* is not a certificate/]);
  const noKey = join(folder, 'no-key.pem');
  await writeFile(noKey, 'no key', { mode: 0o600 });
  t.match(fault(one.certPath, noKey), [/^GRPC_TLS_CERT=.* is not a certificate/]);
});

await t.test('a file of a secret must not be open to every user; its group may read it', async (t) => {
  const folder = await temporaryFolder(t);
  const { certPath, keyPath } = await selfSigned(folder);
  const password = join(folder, 'password');
  await writeFile(password, 's3cret\n');
  const exposed = /is open to every user of the machine \(mode 0644\): run chmod 600/;
  for (const [path, name, others] of [
    [keyPath, 'GRPC_TLS_KEY', { GRPC_TLS_CERT: certPath }],
    [password, 'DATABASE_PASSWORD_FILE', { DATABASE_URL: 'postgres://app@db/orders' }],
  ] as const) {
    for (const mode of [0o400, 0o600, 0o440, 0o640]) {
      await chmod(path, mode);
      t.same(settingErrorsOf({ ...others, [name]: path }), [], `${name} ${mode.toString(8)}`);
    }
    await chmod(path, 0o644);
    t.match(settingErrorsOf({ ...others, [name]: path }), [exposed], name);
  }
  t.match(settingErrorsOf({ DATABASE_PASSWORD_FILE: '/nowhere' }), [/does not exist/]);
  await writeFile(password, '\n');
  await chmod(password, 0o600);
  t.match(settingErrorsOf({ DATABASE_PASSWORD_FILE: password }), [/is empty: write the secret into it/]);
});

await t.test('an invalid setting causes no errors about other settings', async (t) => {
  t.equal(settingErrorsOf({ EVENT_LOG: 'kafak', ROLE: 'api' }).length, 1);
});

await t.test('API_PROCESSES needs the role api, Kafka and PostgreSQL', async (t) => {
  const environment = { API_PROCESSES: '2', KAFKA_BROKERS: 'a:9092', DATABASE_URL: 'postgres://a@b/orders' };
  const errorsWith = (changes: Record<string, string>, role = 'api') =>
    settingErrorsOf({ ...environment, ...changes }, { role });
  t.same(errorsWith({}), []);
  t.same(errorsWith({ API_PROCESSES: 'auto' }), []);
  for (const value of ['0', '-1', '1.5', '129', 'all']) {
    t.same(errorsWith({ API_PROCESSES: value }), [
      `API_PROCESSES="${value}" is not usable: give a whole number from 1 to 128, or auto.`,
    ]);
  }
  for (const role of ['all', 'worker']) {
    t.match(errorsWith({}, role), [/^API_PROCESSES="2" is for the role api only: start it with --role api/]);
  }
  t.match(errorsWith({ DATABASE_URL: 'sqlite:orders.db' }), [/^API_PROCESSES="2" needs PostgreSQL/]);
  t.match(errorsWith({ EVENT_LOG: 'embedded' }), [/^--role "api" needs an event log that several/]);
  t.same(errorsWith({ API_PROCESSES: '1' }, 'all'), []);
  const commandOnly = loadConfig({ ...environment, ROLE: 'all' }, { listens: false });
  t.equal(commandOnly.apiProcesses, 2, 'a command that serves nothing may have the settings of the service');
});
