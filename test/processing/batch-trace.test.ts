import t from 'tap';
import { decodeRecordFrame } from '../../src/base/record-frame.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { peekCause, peekOutcome, peekStatusChange } from '../../src/order/event-text.ts';
import { traceBatch } from '../../src/pipeline/batch-spans.ts';
import { retryOrders } from '../../src/processing/retry-orders.ts';
import { processBatch } from '../../src/processing/process-batch.ts';
import { encodeRecordFrame } from '../../src/base/record-frame.ts';
import { NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { recordingTracer } from '../tracing/recorded-spans.ts';
import { FAILED, FAILED_FOR_NOW, processingUnderTest, TOPIC } from './processing-under-test.ts';

const codec = createEventCodec();
const traceparent = (digit: string, flags = '01') => `00-${digit.repeat(32)}-${digit.repeat(16)}-${flags}`;

function placed(orderId: string, offset: number, trace?: string): LogRecord {
  const order = { customerId: 'c', merchantId: 'm', currency: 'EUR', items: [], total: 0 };
  const item = { sku: 's', quantity: 1, unitPrice: 1 };
  const command = { eventId: orderId, orderId, time: 1_000, traceparent: trace };
  const value = codec.encodeCommand({
    kind: 'place',
    ...command,
    order: { ...order, items: [item], total: 1 },
  });
  return { partition: 0, offset, timestamp: 900, key: Buffer.from(orderId), value };
}

async function tracedProcessing(t: Parameters<typeof processingUnderTest>[0]) {
  const { dependencies, world } = await processingUnderTest(t);
  let [now, spans] = [5_000, 0];
  const tracing = { now: () => (now += 1), newSpanId: () => String((spans += 1)).padStart(16, 'e') };
  const traced = { ...dependencies, tracing };
  const request = { recent: NO_FAILURES, topic: TOPIC };
  return {
    world,
    run: (records: LogRecord[]) =>
      processBatch(
        { ...request, kind: 'batch', frame: encodeRecordFrame(records), applied: new Map() },
        traced,
      ),
    retry: () =>
      retryOrders({ ...request, kind: 'retry', partitions: [0], limit: 100, published: [] }, traced),
  };
}

await t.test(
  'a batch tells the times and outcomes of its traced orders, and their changes go on with the trace',
  async (t) => {
    const { run, retry, world } = await tracedProcessing(t);
    world.outcomes.set('failing', FAILED).set('later', FAILED_FOR_NOW);
    const result = await run([
      placed('plain', 0),
      placed('unsampled', 1, traceparent('a', '00')),
      placed('good', 2, traceparent('b')),
      placed('failing', 3, traceparent('c')),
      placed('later', 4, traceparent('d')),
    ]);
    t.match(result.trace, { startedAt: 5_001, loadedAt: 5_002, processedAt: 5_003, savedAt: 5_004 });
    t.same(
      result.trace?.records.map(({ orderId, outcome, parent, offset, appendedAt }) => [
        ...[orderId, outcome, parent.traceId[0], offset, appendedAt],
      ]),
      [
        ['good', 'confirmed', 'b', 2, 900],
        ['failing', 'dead-lettered', 'c', 3, 900],
        ['later', 'retrying', 'd', 4, 900],
      ],
    );
    const statuses = decodeRecordFrame(result.statuses);
    const traces = statuses.map(({ key, value, headers }) => {
      t.equal(codec.decodeStatusChange(value).traceparent, headers?.traceparent);
      return [key?.toString(), headers?.traceparent?.slice(3, 4)];
    });
    t.same(traces.slice(0, 3), [
      ['plain', undefined],
      ['unsampled', undefined],
      ['good', 'b'],
    ]);
    const good = statuses[2]?.value ?? Buffer.alloc(0);
    t.match(
      peekStatusChange(good),
      { orderId: 'good', version: 1 },
      'such an event is still read without parsing',
    );
    t.match(peekOutcome(good), { status: 'confirmed' });
    t.same(peekCause(good), { partition: 0, offset: 2 });

    await t.test('a retry continues the trace of its order', async (t) => {
      world.outcomes.clear();
      world.now = 1_000_000;
      const { trace, statuses } = await retry();
      t.match(trace?.records, [
        { orderId: 'later', outcome: 'confirmed', parent: { traceId: 'd'.repeat(32) } },
      ]);
      t.match(decodeRecordFrame(statuses)[0]?.headers?.traceparent, 'd'.repeat(32));
    });

    await t.test(
      'its spans: one for the batch with links, its parts, and one in the trace of each order',
      (t) => {
        const { tracer, spans } = recordingTracer();
        if (result.trace === undefined) throw new Error('There is no trace.');
        traceBatch(tracer, {
          kind: 'batch',
          trace: result.trace,
          size: 5,
          startedAt: 4_990,
          publishedFrom: 5_010,
        });
        const batch = spans.at(-1);
        t.match(batch, {
          name: 'process orders.commands',
          kind: 4,
          parentSpanId: undefined,
          startedAt: 4_990,
        });
        t.same(
          batch?.links.map(({ traceId }) => traceId[0]),
          ['b', 'c', 'd'],
        );
        t.match(batch?.attributes, {
          'messaging.batch.message_count': 5,
          'messaging.consumer.group.name': 'workers',
        });
        const below = spans.filter(({ parentSpanId }) => parentSpanId === batch?.spanId);
        t.same(
          below.map(({ name }) => name),
          ['load orders', 'run processor', 'save orders', 'send orders.status'],
        );
        t.match(below[2], { startedAt: 5_003, endedAt: 5_004, attributes: { 'db.system.name': 'sqlite' } });
        const order = spans.find(({ traceId }) => traceId === 'b'.repeat(32));
        t.match(order, {
          name: 'process orders.commands',
          parentSpanId: 'b'.repeat(16),
          isParentRemote: true,
        });
        t.equal(order?.spanId, result.trace.records[0]?.spanId);
        t.match(order?.links, [{ traceId: batch?.traceId, spanId: batch?.spanId }]);
        t.match(order?.attributes, { 'orders.order.id': 'good', 'orders.order.outcome': 'confirmed' });
        t.end();
      },
    );
  },
);

await t.test('a batch without traced orders has no trace', async (t) => {
  const { run } = await tracedProcessing(t);
  t.notOk((await run([placed('plain', 0), placed('unsampled', 1, traceparent('a', '00'))])).trace);
});
