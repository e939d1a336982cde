import t from 'tap';
import { sampledTraceparent } from '../../src/base/trace-context.ts';
import { createLogger } from '../../src/base/logger.ts';
import { loadConfig } from '../../src/config/config.ts';
import { openTracing } from '../../src/tracing/open-tracing.ts';
import { SpanKind } from '../../src/tracing/span.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { startOtlpReceiver } from '../../tools/support/otlp/receiver.ts';

const systems = { messaging: 'kafka', topicPrefix: '', consumerGroup: 'workers', database: 'sqlite' };

async function open(environment: Record<string, string>) {
  const { tracing } = loadConfig({ ...environment, OTEL_BSP_SCHEDULE_DELAY: '10' });
  if (tracing === undefined) throw new Error('Tracing is off.');
  const lines: string[] = [];
  const lost = { queue: 0, export: 0 };
  const logger = createLogger('info', { write: (line) => lines.push(line) });
  const onLost = (reason: 'queue' | 'export', spans: number) => (lost[reason] += spans);
  const opened = await openTracing(tracing, { systems, version: '1.2.3', instance: 'r-1', logger, onLost });
  return { ...opened, lines, lost };
}

for (const [format, compression] of [
  ['http/protobuf', 'none'],
  ['http/protobuf', 'gzip'],
  ['http/json', 'none'],
] as const) {
  await t.test(`a span arrives with all it has: ${format}, ${compression}`, async (t) => {
    const receiver = await startOtlpReceiver();
    t.teardown(() => receiver.close());
    const { tracer, close } = await open({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: format,
      OTEL_EXPORTER_OTLP_COMPRESSION: compression,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-token=a%20b',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=ignored,team=caf%C3%A9',
      OTEL_SERVICE_NAME: 'shop',
    });
    const startedAt = 1_795_977_811_093.25;
    const parent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
    const span = tracer.startChild(parent, {
      name: 'prüfen',
      kind: SpanKind.consumer,
      isParentRemote: true,
      startedAt,
    });
    span.attributes = {
      text: 'ü'.repeat(200),
      long: 'x'.repeat(100_000),
      count: 300,
      large: Number.MAX_SAFE_INTEGER,
      negative: -1.5,
      yes: true,
    };
    span.links = [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }];
    span.failure = 'broken';
    tracer.end(span, startedAt + 1.5);
    tracer.end(tracer.startRoot('root', SpanKind.internal, startedAt));
    await close(5_000);
    t.equal(receiver.spans.length, 2);
    const [first, root] = receiver.spans;
    t.match(first, {
      ...parent,
      spanId: span.spanId,
      parentSpanId: parent.spanId,
      name: 'prüfen',
      kind: 5,
      startNanos: 1_795_977_811_093_250_000n,
      endNanos: 1_795_977_811_094_750_000n,
      attributes: {
        text: 'ü'.repeat(200),
        count: 300,
        large: Number.MAX_SAFE_INTEGER,
        negative: -1.5,
        yes: true,
      },
      links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }],
      failure: 'broken',
      flags: 0x301,
    });
    t.match(root, { parentSpanId: undefined, failure: undefined, links: [] });
    t.match(first?.resource, { 'service.name': 'shop', 'service.version': '1.2.3', team: 'café' });
    t.match(receiver.requests[0], { 'x-token': 'a b' });
  });
}

await t.test('more spans than a request carries are sent in several, and all arrive', async (t) => {
  const receiver = await startOtlpReceiver();
  t.teardown(() => receiver.close());
  const { tracer, close, lost } = await open({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '700',
  });
  const names = Array.from({ length: 2_000 }, (_, index) => `span ${index}`);
  for (const name of names) tracer.end(tracer.startRoot(name, SpanKind.internal, tracer.now()));
  await close(10_000);
  t.same(new Set(receiver.spans.map(({ name }) => name)), new Set(names));
  t.ok(receiver.requests.length >= 3);
  t.same(lost, { queue: 0, export: 0 });
});

await t.test(
  'spans beyond the queue, and those that the endpoint refuses, are counted and reported once',
  async (t) => {
    const receiver = await startOtlpReceiver();
    t.teardown(() => receiver.close());
    receiver.answer(400);
    const { tracer, close, lines, lost } = await open({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_MAX_QUEUE_SIZE: '10',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10',
    });
    const addSpans = (count: number) => {
      for (let added = 0; added < count; added += 1) {
        tracer.end(tracer.startRoot('x', SpanKind.internal, tracer.now()));
      }
    };
    for (let round = 0; round < 3; round += 1) {
      addSpans(50);
      await eventually(() => lost.export >= 10 * (round + 1), { what: 'a refused export' });
    }
    t.ok(lost.queue >= 90, `${lost.queue} of 150 spans found no room`);
    t.equal(lines.length, 1, 'one line a minute');
    t.match(JSON.parse(lines[0] ?? ''), { level: 40, msg: /Spans are lost/ });
    await close(1_000);
  },
);

await t.test('an endpoint that is down holds up neither spans nor the stop', async (t) => {
  const { tracer, close, lines } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  const startedAt = performance.now();
  for (let added = 0; added < 5_000; added += 1)
    tracer.end(tracer.startRoot('x', SpanKind.internal, tracer.now()));
  t.ok(performance.now() - startedAt < 1_000);
  await close(300);
  t.ok(performance.now() - startedAt < 3_000, 'the stop waits no longer than it may');
  t.ok(lines.length >= 1);
});

await t.test('the caller decides what is traced if the sampler is parent-based', async (t) => {
  const receiver = await startOtlpReceiver();
  t.teardown(() => receiver.close());
  const caller = sampledTraceparent({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
  });
  const unsampled = caller.replace(/01$/, '00');
  const samplerOf = async (sampler: string, share = '1') => {
    const { tracer, close } = await open({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: share,
    });
    await close(1_000);
    return [caller, unsampled, undefined].map((header) => tracer.startRequest(header) !== undefined);
  };
  t.same(await samplerOf('parentbased_always_on'), [true, false, true]);
  t.same(await samplerOf('parentbased_always_off'), [true, false, false]);
  t.same(await samplerOf('parentbased_traceidratio', '0'), [true, false, false]);
  t.same(await samplerOf('always_on'), [true, true, true]);
  t.same(await samplerOf('always_off'), [false, false, false]);
  t.same(await samplerOf('traceidratio', '0'), [false, false, false]);
});
