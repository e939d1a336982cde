import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { settingErrorsOf } from './setting-errors.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const tracingOf = (environment: Record<string, string>) => loadConfig(environment).tracing;

await t.test('tracing is on when an endpoint is set, unless it is switched off', (t) => {
  t.equal(tracingOf({ OTEL_SERVICE_NAME: 'shop' }), undefined);
  t.ok(tracingOf(ENDPOINT));
  t.ok(tracingOf({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/traces' }));
  t.ok(tracingOf({ OTEL_TRACES_EXPORTER: 'otlp' }));
  t.equal(tracingOf({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }), undefined);
  t.equal(tracingOf({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }), undefined);
  t.end();
});

await t.test('the settings mean what the specification says', (t) => {
  t.match(tracingOf({ OTEL_TRACES_EXPORTER: 'otlp' }), {
    resourceAttributes: { 'service.name': 'order-system' },
    sampler: { parentBased: true, ratio: 1 },
    exporter: {
      url: 'http://localhost:4318/v1/traces',
      headers: {},
      format: 'protobuf',
      timeoutMs: 10_000,
      gzip: false,
    },
    batches: { delayMs: 5_000, timeoutMs: 30_000, maxWaiting: 2_048, maxSize: 512 },
  });
  t.match(
    tracingOf({
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector/own/path',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1,authorization=Basic%20eA==',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=2',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=named,team=a%2Cb',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    }),
    {
      resourceAttributes: { 'service.name': 'named', team: 'a,b' },
      sampler: { parentBased: false, ratio: 0.25 },
      exporter: {
        url: 'https://collector/own/path',
        headers: { a: '2', authorization: 'Basic eA==' },
        format: 'json',
        gzip: true,
      },
    },
  );
  t.match(tracingOf({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/otlp/' }), {
    exporter: { url: 'http://collector:4318/otlp/v1/traces' },
  });
  t.end();
});

await t.test('wrong values are refused with what to give instead', (t) => {
  t.same(
    settingErrorsOf({
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_TRACES_SAMPLER: 'xray',
      OTEL_TRACES_SAMPLER_ARG: '50',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_BSP_MAX_QUEUE_SIZE: '100',
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: '/nowhere.pem',
    }),
    [
      'OTEL_TRACES_EXPORTER="console" is not known: give otlp or none.',
      'OTEL_TRACES_SAMPLER="xray" is not known: give always_on, always_off, traceidratio, parentbased_always_on, ' +
        'parentbased_always_off or parentbased_traceidratio.',
      'OTEL_TRACES_SAMPLER_ARG="50" is not usable: give a number from 0 to 1, such as 0.01.',
      'OTEL_EXPORTER_OTLP_ENDPOINT="collector:4317" is not usable: give an http or https address without credentials, such as ' +
        'http://collector:4318.',
      'OTEL_EXPORTER_OTLP_PROTOCOL="grpc" is not usable: give http/protobuf or http/json, which collectors receive on port ' +
        '4318; grpc is not supported.',
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE="512" (default) is more than the 100 spans that may wait: lower it or raise OTEL_BSP_MAX_QUEUE_SIZE.',
      'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE="/nowhere.pem" has no key: set OTEL_EXPORTER_OTLP_CLIENT_KEY, or neither.',
      'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE="/nowhere.pem" does not exist: give the path of a file.',
    ],
  );
  t.end();
});

await t.test('headers are never shown', (t) => {
  const headers = { OTEL_EXPORTER_OTLP_HEADERS: 'x=s3cret', OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'y=s3cret' };
  t.notMatch(JSON.stringify(loadConfig({ ...ENDPOINT, ...headers }).settings), 's3cret');
  const wrong = settingErrorsOf({ OTEL_EXPORTER_OTLP_HEADERS: 's3cret' });
  t.match(wrong, [/^OTEL_EXPORTER_OTLP_HEADERS="\*\*\*" is not usable/]);
  t.end();
});

await t.test('settings without effect are reported, those for all services of a machine are not', (t) => {
  const warningsOf = (environment: Record<string, string>) => loadConfig(environment).warnings;
  t.match(warningsOf({ OTEL_TRACES_SAMPLER_ARG: '0.5' }), [
    /^OTEL_TRACES_SAMPLER_ARG has no effect: tracing is off/,
  ]);
  t.match(warningsOf({ ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip' }), [
    /^OTEL_EXPORTER_OTLP_TRACES_COMPRESSION has no effect/,
  ]);
  t.match(warningsOf({ ...ENDPOINT, OTEL_PROPAGATORS: 'b3' }), [/^OTEL_PROPAGATORS has no effect/]);
  t.same(
    warningsOf({ ...ENDPOINT, OTEL_PROPAGATORS: 'tracecontext,baggage', OTEL_METRICS_EXPORTER: 'none' }),
    [],
  );
  t.end();
});
