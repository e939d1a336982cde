import { once } from 'node:events';
import kafka from 'node-rdkafka';
import t, { type Test } from 'tap';
import { sampledTraceparent } from '../../src/base/trace-context.ts';
import { startCollector } from '../../tools/collector/collector.ts';
import { eventually } from '../../tools/support/eventually.ts';
import type { ReceivedSpan } from '../../tools/support/otlp/decode.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { EventSourceReader } from '../support/event-source.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

// The Collector may have to be built first.
t.setTimeout(900_000);

const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const OTHER = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };

const nameOf = (span: ReceivedSpan | undefined) =>
  `${String(span?.resource['service.name'])}: ${span?.name ?? ''}`;

await t.test(
  'one trace goes from a POST over Kafka and the worker to the watcher that is told',
  async (t) => {
    const collector = await startCollector(await temporaryFolder(t));
    t.teardown(() => collector.stop());
    const environment: Record<string, string> = {
      ...kafkaEnvironment(await temporaryFolder(t)),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      // Only what callers sample.
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    };
    const prefix = environment.KAFKA_TOPIC_PREFIX ?? '';
    const [api, worker] = await Promise.all([
      ServiceProcess.start('api', { ...environment, OTEL_SERVICE_NAME: 'api' }),
      ServiceProcess.start('worker', { ...environment, OTEL_SERVICE_NAME: 'worker' }),
    ]);
    t.teardown(() => Promise.all([api, worker].map((service) => service.stop())));
    const reader = new EventSourceReader();
    const told: string[] = [];
    const reading = reader.read(`${api.url}/v1/order-events`, ({ data }) => told.push(data.orderId));
    await eventually(() => reader.lastEventId !== '', { what: 'the stream to begin' });

    const client = new OrderClient(api.url);
    const placeWith = async ({ traceId, spanId }: typeof CALLER, flags: string) =>
      (await client.place(anOrder(), { traceparent: `00-${traceId}-${spanId}-${flags}` })).body.id;
    const id = await placeWith(CALLER, '01');
    await placeWith(OTHER, '00');
    await client.place();
    await eventually(() => told.length === 3, {
      what: 'the stream to tell of the orders',
      timeoutMs: 60_000,
    });
    const ofTrace = (traceId: string) => collector.spans().filter((span) => span.traceId === traceId);
    await eventually(() => ofTrace(CALLER.traceId).length >= 4, { what: 'the spans of the order' });

    const path: ReceivedSpan[] = [];
    for (let parent = CALLER.spanId; ;) {
      const next = ofTrace(CALLER.traceId).find(({ parentSpanId }) => parentSpanId === parent);
      if (next === undefined) break;
      path.push(next);
      parent = next.spanId;
    }
    t.same(path.map(nameOf), [
      'api: POST /v1/orders',
      `api: send ${prefix}orders.commands`,
      `worker: process ${prefix}orders.commands`,
      'api: tell watcher',
    ]);
    const [request, send, processed, tell] = path;
    t.match(request, { kind: 2, attributes: { 'http.response.status_code': 202 } });
    t.match(send, { kind: 4, attributes: { 'messaging.system': 'kafka', 'orders.order.id': id } });
    t.match(processed, {
      kind: 5,
      attributes: { 'orders.order.id': id, 'orders.order.outcome': 'confirmed' },
    });
    t.match(tell, { attributes: { 'orders.order.status': 'confirmed', 'orders.watch.protocol': 'sse' } });

    await t.test(
      'the batch is a trace of its own, linked both ways, with the store and publishing below it',
      async (t) => {
        const [link] = processed?.links ?? [];
        const batchOf = () => collector.spans().find(({ spanId }) => spanId === link?.spanId);
        await eventually(() => batchOf() !== undefined, { what: 'the span of the batch' });
        const batch = batchOf();
        t.match(batch, { name: processed?.name, kind: 5, parentSpanId: undefined });
        t.same(batch?.links, [{ traceId: CALLER.traceId, spanId: send?.spanId }]);
        t.match(batch?.attributes, { 'messaging.consumer.group.name': environment.KAFKA_GROUP_ID });
        t.same(
          collector
            .spans()
            .filter(({ parentSpanId }) => parentSpanId === batch?.spanId)
            .map(({ name }) => name),
          ['load orders', 'run processor', 'save orders', `send ${prefix}orders.status`],
        );
      },
    );

    await t.test('the records of both topics carry the trace as a header and in the event', async (t) => {
      const topics = [`${prefix}orders.commands`, `${prefix}orders.status`];
      const records = await recordsOf(t, topics, id, environment.KAFKA_BROKERS ?? '');
      for (const [topic, { header, event }] of records) t.equal(header, event, topic);
      t.same(
        topics.map((topic) => records.get(topic)?.header),
        [send, processed].map((span) => span && sampledTraceparent(span)),
      );
    });

    await t.test('a scrape finds the trace in the histograms of both processes', async (t) => {
      const scrape = async ({ url }: ServiceProcess) => {
        const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
        return (await fetch(`${url}/metrics`, { headers })).text();
      };
      const exemplar = new RegExp(`_bucket\\{.*# \\{trace_id="${CALLER.traceId}"`);
      const withTrace = (text: string) =>
        new Set(text.split('\n').flatMap((line) => (exemplar.test(line) ? [line.split('_bucket')[0]] : [])));
      t.same(withTrace(await scrape(api)), new Set(['http_server_request_duration_seconds']));
      t.same(
        withTrace(await scrape(worker)),
        new Set(['messaging_process_duration_seconds', 'orders_end_to_end_age_seconds']),
      );
    });

    reader.cut();
    await reading;
    const [first, second] = await Promise.all([api.stop(), worker.stop()]);
    t.match([first, second], [{ code: 0 }, { code: 0 }]);
    t.same(ofTrace(OTHER.traceId), [], 'what the caller does not sample is not traced');
    const traces = new Set(
      collector
        .spans()
        .filter(({ name }) => name.startsWith('POST'))
        .map(({ traceId }) => traceId),
    );
    t.same(traces, new Set([CALLER.traceId]));
  },
);

/** The trace context of the record with this key in each topic, as another program reads it. */
async function recordsOf(
  t: Test,
  topics: readonly string[],
  key: string,
  brokers: string,
): Promise<Map<string, { header: string | undefined; event: string | undefined }>> {
  const consumer = new kafka.KafkaConsumer(
    { 'bootstrap.servers': brokers, 'group.id': `reader-${process.pid}`, 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  t.teardown(() => new Promise((resolve) => consumer.disconnect(resolve)));
  const found = new Map<string, { header: string | undefined; event: string | undefined }>();
  consumer.on('data', ({ topic, key: recordKey, value, headers }) => {
    if (recordKey?.toString() !== key) return;
    const header = headers?.find((each) => 'traceparent' in each)?.traceparent?.toString();
    const { traceparent: event } = JSON.parse(value?.toString() ?? '{}') as { traceparent?: string };
    found.set(topic, { header, event });
  });
  const ready = once(consumer, 'ready');
  consumer.connect();
  await ready;
  consumer.subscribe([...topics]);
  consumer.consume();
  await eventually(() => found.size === topics.length, {
    what: 'the records of the order',
    timeoutMs: 60_000,
  });
  return found;
}
