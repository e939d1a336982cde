import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { Check } from 'typebox/schema';
import { parse } from 'yaml';
import { chartFiles, ruleFiles } from '../../tools/generate/chart.ts';
import { readValues, withValuesTable } from '../../tools/generate/chart-values.ts';
import { settingsValueSchema } from '../../tools/generate/values-schema.ts';

const ROOT = new URL('../../../', import.meta.url);
const CHART = 'deploy/helm/order-system/';
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const schema = JSON.parse(read(`${CHART}values.schema.json`)) as Record<string, unknown>;
const isAllowed = (values: unknown): boolean => Check(schema, values);
const defaults = (): Record<string, Record<string, unknown>> =>
  parse(read(`${CHART}values.yaml`)) as Record<string, Record<string, unknown>>;

/** prettier aligns tables. */
const unaligned = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---').trim();

/** Passed on to Kubernetes as they are, which has schemas of its own. */
const OPEN =
  /(Annotations|annotations|labels|nodeSelector|affinity|behavior|podSecurityContext|secretSettings|requests|limits)$/;

await t.test('the generated parts of the chart are up to date', async (t) => {
  for (const [path, text] of await chartFiles(ROOT)) {
    t.equal(unaligned(read(path)), unaligned(text), `${path}: run npm run generate`);
  }
});

await t.test('the chart has every rule file of deploy/prometheus, and no other', async (t) => {
  const copies = await ruleFiles(new URL(`${CHART}files/rules/`, ROOT));
  t.strictSame(copies, await ruleFiles(new URL('deploy/prometheus/rules/', ROOT)));
});

await t.test('every value has a comment', async (t) => {
  const { values, undocumented } = readValues(read(`${CHART}values.yaml`));
  t.strictSame(undocumented, []);
  t.ok(values.some(({ path, default: byDefault }) => path === 'kafka.tls.caKey' && byDefault === 'ca.crt'));
  t.throws(() => withValuesTable('# No markers', ''), /needs <!-- values -->/);
  t.strictSame(readValues('a:\n  b: 1\n').undocumented, ['a.b']);
});

await t.test('the schema allows the defaults and refuses unknown values at every level', async (t) => {
  t.ok(isAllowed(defaults()));
  const refusesExtra = (node: unknown, path: string): void => {
    if (node === null || typeof node !== 'object' || Array.isArray(node) || OPEN.test(path)) return;
    const object = node as Record<string, unknown>;
    object.misspelled = 1;
    t.notOk(isAllowed(values), `${path || 'the top level'} refuses unknown values`);
    delete object.misspelled;
    for (const [key, child] of Object.entries(object))
      refusesExtra(child, path === '' ? key : `${path}.${key}`);
  };
  const values = defaults();
  refusesExtra(values, '');
});

await t.test('the schema checks settings of the service like the service does', async (t) => {
  const withSetting = (name: string, value: unknown) => ({ ...defaults(), settings: { [name]: value } });
  t.ok(isAllowed(withSetting('LOG_LEVEL', 'debug')));
  t.ok(isAllowed(withSetting('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:4318')));
  t.ok(isAllowed(withSetting('DOCUMENTATION', false)));
  t.notOk(isAllowed(withSetting('LOG_LEVEL', 'loud')), 'a value that the service refuses');
  t.notOk(isAllowed(withSetting('LOGLEVEL', 'debug')), 'a setting that does not exist');
  t.notOk(
    isAllowed(withSetting('OTEL_TRACES_SAMPLE', 'always_on')),
    'a setting of tracing that does not exist',
  );
  t.ok(isAllowed(withSetting('KAFKA_SSL_CA_LOCATION', '/ca.crt')), 'a setting of librdkafka');
  t.notOk(isAllowed(withSetting('ACK_TIMEOUT_MS', 0)), 'below the minimum');
  t.notOk(isAllowed(withSetting('PORT', 8080)), 'a setting that the chart sets itself');
  const { properties } = settingsValueSchema() as { properties: object };
  t.ok('BATCH_MAX_SIZE' in properties);
});

await t.test('values contain no passwords', async (t) => {
  const withDatabase = (changes: object) => {
    const values = defaults();
    return { ...values, database: { ...values.database, ...changes } };
  };
  t.notOk(isAllowed(withDatabase({ password: 'secret' })));
  t.notOk(isAllowed(withDatabase({ user: 'orders:secret' })));
  t.notOk(isAllowed(withDatabase({ host: 'orders:secret@postgres' })));
});

await t.test('the schemas of Kubernetes are those of five versions', async (t) => {
  const folders = readdirSync(new URL('deploy/helm/schemas/', ROOT)).filter((name) => name.startsWith('v'));
  t.equal(folders.length, 5);
});
