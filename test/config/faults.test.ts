import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { SETTING_NAMES, settingSchema } from '../../src/config/settings.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { faultsOf } from './faults.ts';

await t.test('all faults come at once, each with setting, value, what is wrong and what to do', async (t) => {
  t.same(
    faultsOf(
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

await t.test('each fault points at its setting', async (t) => {
  t.throws(() => loadConfig({ PORT: 'x' }), {
    code: 'settings-invalid',
    errors: [{ pointer: '/PORT' }],
    message: /^1 setting does not allow a start/,
  });
});

await t.test('numbers are strict, for every setting that is one', async (t) => {
  const numbers = SETTING_NAMES.filter((name) => settingSchema(name).type === 'integer');
  t.ok(numbers.length > 10);
  for (const name of numbers) {
    const { minimum = NaN, maximum = NaN } = settingSchema(name);
    for (const text of ['10ms', '1e3', ' 5', '5 ', '5\n', '007', '+5', '0x10', '1.5', '1_000', 'NaN', '-']) {
      t.match(
        faultsOf({ [name]: text }),
        [/is not a whole number: give /],
        `${name}=${JSON.stringify(text)}`,
      );
    }
    for (const value of [minimum - 1, maximum + 1]) {
      t.match(faultsOf({ [name]: String(value) }), [`from ${minimum} to ${maximum}`], `${name}=${value}`);
    }
    for (const value of [minimum, maximum])
      t.same(faultsOf({ [name]: String(value) }), [], `${name}=${value}`);
  }
});

await t.test('texts that cannot work are refused with what can', async (t) => {
  const refused: [string, string, RegExp][] = [
    ['HOST', 'http://localhost', /give an address or a host name without scheme and port/],
    ['HOST', 'localhost:3000', /without scheme and port/],
    ['KAFKA_BROKERS', 'broker', /give host:port pairs/],
    ['KAFKA_BROKERS', 'a:9092, b:9092', /give host:port pairs/],
    ['KAFKA_BROKERS', 'PLAINTEXT://a:9092', /no scheme/],
    ['KAFKA_BROKERS', 'a:9092,b:99999', /the port of "b:99999" out of range/],
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
    ['DATABASE_URL', 'postgres://u:s3cret@db/orders#x', /has a # in it/],
    ['DATABASE_URL', 'sqlite::memory:', /not kept in memory/],
    ['DATABASE_URL', 'sqlite:', /names no file/],
    ['DATABASE_URL', 'sqlite:src', /is a folder/],
    ['DATA_DIR', 'package.json', /is not a folder/],
    ['PROCESSOR', 'src', /is a folder: give the path of a file/],
  ];
  for (const [name, value, expected] of refused) {
    t.match(faultsOf({ [name]: value }), [expected], `${name}=${value}`);
  }
});

await t.test('texts that can work are taken', async (t) => {
  for (const HOST of ['0.0.0.0', '::', '::1', 'fe80::1%eth0', 'localhost', 'orders.example']) {
    t.same(faultsOf({ HOST }), [], HOST);
  }
  t.same(faultsOf({ KAFKA_BROKERS: 'kafka-1.example:9092,[::1]:9093,10.0.0.1:9094' }), []);
  t.same(faultsOf({ TRUST_PROXY: '127.0.0.1,10.0.0.0/8,fd00::/8' }), []);
  t.same(faultsOf({ DATA_DIR: 'src' }), []);
  for (const DATABASE_URL of [
    'postgres://u:p%40ss@db/orders',
    'postgresql://db:5433/orders?sslmode=require',
    'postgres:///orders',
  ]) {
    t.same(faultsOf({ DATABASE_URL }), [], DATABASE_URL);
  }
});

await t.test('a role of its own needs an event log that is shared', async (t) => {
  for (const ROLE of ['api', 'worker']) {
    t.match(faultsOf({ ROLE }), [
      new RegExp(`^ROLE="${ROLE}" needs an event log that several processes share`),
    ]);
    t.match(faultsOf({ ROLE, EVENT_LOG: 'embedded', KAFKA_BROKERS: 'a:1' }), [/^ROLE=/]);
    t.same(faultsOf({ ROLE, KAFKA_BROKERS: 'a:1' }), []);
  }
});

await t.test('HTTP and gRPC cannot have one port, also when one of them is a default', async (t) => {
  t.match(faultsOf({ PORT: '50051' }), [/^GRPC_PORT="50051" \(default\) is the port of HTTP as well/]);
  t.match(faultsOf({ PORT: '4000', GRPC_PORT: '4000' }), [/^GRPC_PORT="4000" is the port of HTTP/]);
});

await t.test('certificate and key come together', async (t) => {
  t.match(faultsOf({ GRPC_TLS_CERT: 'package.json' }), [/^GRPC_TLS_CERT=.* has no key/]);
  t.match(faultsOf({ GRPC_TLS_KEY: 'package.json' }), [/^GRPC_TLS_KEY=.* has no certificate/]);
  t.match(faultsOf({ GRPC_TLS_KEY: 'a', GRPC_TLS_CERT: 'b' }), [/"b" does not exist/, /"a" does not exist/]);
});

await t.test('certificate and key are PEM files that fit each other', async (t) => {
  const folder = await temporaryFolder(t);
  const [one, other] = [await selfSigned(folder, 'one'), await selfSigned(folder, 'other')];
  const fault = (cert: string, key: string) => faultsOf({ GRPC_TLS_CERT: cert, GRPC_TLS_KEY: key });
  t.same(fault(one.certPath, one.keyPath), []);
  t.match(fault(one.certPath, other.keyPath), [/^GRPC_TLS_CERT=.* is no certificate that fits the key/]);
  t.match(fault('package.json', one.keyPath), [/^GRPC_TLS_CERT=.* is no certificate/]);
  t.match(fault(one.certPath, 'package.json'), [/^GRPC_TLS_CERT=.* is no certificate/]);
});

await t.test('a setting that is wrong by itself does not draw others in', async (t) => {
  t.equal(faultsOf({ EVENT_LOG: 'kafak', ROLE: 'api' }).length, 1);
});
