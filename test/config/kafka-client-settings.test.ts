import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';

await t.test(
  'brokers and security pass under the names of librdkafka, unknown ones as they are',
  async (t) => {
    const { kafkaClientSettings } = loadConfig({
      KAFKA_BROKERS: 'a:9092,b:9092',
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISMS: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'app',
      KAFKA_SASL_PASSWORD: ' as = it is ',
      KAFKA_SSL_CA_LOCATION: '/etc/ca.pem',
      KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM: 'https',
      KAFKA_SSL_OF_TOMORROW: 'x',
      KAFKA_HEAP_OPTS: '-Xmx1g',
    });
    t.strictSame(kafkaClientSettings, {
      'bootstrap.servers': 'a:9092,b:9092',
      'security.protocol': 'sasl_ssl',
      'sasl.mechanisms': 'SCRAM-SHA-512',
      'sasl.username': 'app',
      'sasl.password': ' as = it is ',
      'ssl.ca.location': '/etc/ca.pem',
      'ssl.endpoint.identification.algorithm': 'https',
      'ssl.of.tomorrow': 'x',
    });
  },
);

await t.test('every security setting of librdkafka can be set by this rule', async (t) => {
  const path = createRequire(import.meta.url).resolve('node-rdkafka/deps/librdkafka/CONFIGURATION.md');
  const names = [...readFileSync(path, 'utf8').matchAll(/^((?:sasl|ssl)\.\S+) +\|/gm)].map(
    ([, name = '']) => name,
  );
  t.ok(names.length > 20);
  // A callback cannot be given as text.
  for (const name of names.filter((known) => !known.endsWith('_cb'))) {
    const variable = `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`;
    t.equal(loadConfig({ [variable]: 'x' }).kafkaClientSettings[name], 'x', variable);
  }
});
