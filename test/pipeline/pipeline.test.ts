import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { decodeRecordFrame } from '../../src/base/record-frame.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { retried } from '../../src/pipeline/publish.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { pipelineUnderTest, processorModule } from './pipeline-under-test.ts';

/** Crashes its thread for the merchants that `processorModule` retries. */
const poisonModule = new URL('../../../test/fixtures/poison-processor.mjs', import.meta.url).pathname;

/** Longer than a test's timeout, so a stop that waits for the log fails its test. */
const TOO_LONG_MS = 600_000;

t.setTimeout(240_000);

await t.test('orders flow from the log into the store, and their statuses out', async (t) => {
  const { reader, run, place } = await pipelineUnderTest(t);
  const codec = createEventCodec();
  const published: string[] = [];
  const { pipeline } = await run(undefined, {
    publish: (frame) => {
      for (const { value } of decodeRecordFrame(frame))
        published.push(codec.decodeStatusChange(value).orderId);
      return Promise.resolve();
    },
  });
  const ids = await Promise.all(Array.from({ length: 500 }, () => place()));
  await eventually(() => published.length === ids.length, {
    what: 'all statuses to be published',
    timeoutMs: 60_000,
  });
  t.same(new Set(published), new Set(ids));
  for (const id of ids.slice(0, 20))
    t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed', version: 1 });
  await eventually(() => [...pipeline.lag().values()].every((lag) => lag === 0), { what: 'no lag' });
  t.equal(pipeline.readinessProblem(), undefined);
});

await t.test('invariant 4: a status that cannot be published delays the commit and is retried', async (t) => {
  const { run, place, isConfirmed, metrics } = await pipelineUnderTest(t);
  let failures = 3;
  let published = 0;
  const { pipeline } = await run(undefined, {
    publish: retried(() => {
      if (failures-- > 0) return Promise.reject(new Error('the log is down'));
      published += 1;
      return Promise.resolve();
    }),
  });
  await isConfirmed(await place());
  await eventually(() => published === 1, { what: 'the statuses to be published' });
  await eventually(() => [...pipeline.lag().values()].every((lag) => lag === 0), { what: 'the commit' });
  const retries = await metrics.batchRetries.get();
  t.equal(retries.values[0]?.value, 3);
});

await t.test(
  'invariant 11: a stop does not wait for a status that cannot be published; the next start publishes it',
  async (t) => {
    const { metrics, run, place, isConfirmed } = await pipelineUnderTest(t);
    let isDown = false;
    const published: string[] = [];
    const publish = retried((frame) => {
      if (isDown) return Promise.reject(new Error('the log is down'));
      for (const { key } of decodeRecordFrame(frame)) published.push(String(key));
      return Promise.resolve();
    });
    const first = await run(undefined, { publish, releaseTimeoutMs: TOO_LONG_MS });
    await Promise.all(Array.from({ length: 100 }, () => place()));
    await eventually(() => published.length === 100, { what: 'records of every partition' });
    isDown = true;
    const id = await place();
    await isConfirmed(id);
    const tried = async () => (await metrics.batchRetries.get()).values[0]?.value ?? 0;
    await eventually(async () => (await tried()) >= 3, { what: 'several attempts' });
    await first.stop();

    t.notOk(published.includes(id));
    isDown = false;
    await run(undefined, { publish });
    await eventually(() => published.includes(id), { what: 'the status to be published' });
  },
);

await t.test(
  'bisecting finds an order that crashes its thread; only this order fails',
  { timeout: 120_000 },
  async (t) => {
    const { run, place, isConfirmed, reader, log } = await pipelineUnderTest(t);
    const good = await Promise.all(Array.from({ length: 40 }, () => place()));
    const [crashing, crashingToo] = [await place('crash'), await place('crash')];
    const last = await place();
    const copies: string[] = [];
    await log.follow(TOPICS.deadLetters, (records) => {
      for (const { headers } of records) copies.push(headers?.['__dlq.errors.message'] ?? '');
    });
    const { pipeline } = await run(processorModule);
    for (const id of [...good, last]) await isConfirmed(id);
    for (const id of [crashing, crashingToo]) {
      await eventually(async () => (await reader.find(id, ALL_ORDERS))?.status === 'failed', {
        what: 'the order to fail',
        timeoutMs: 40_000,
      });
    }
    await eventually(() => copies.length === 2, { what: 'the copies of both on orders.dlq' });
    t.match(copies[0], /thread ended 2 times/);
    await eventually(() => [...pipeline.lag().values()].every((lag) => lag === 0), { what: 'the commit' });
  },
);

await t.test(
  'if a retry crashes its thread, only the order that caused it fails',
  { timeout: 120_000 },
  async (t) => {
    const { run, place, isConfirmed, reader } = await pipelineUnderTest(t);
    const { stop } = await run(processorModule);
    const ids = [
      await place('transient-class'),
      await place('transient-class'),
      await place('transient-class'),
    ];
    await isConfirmed(await place());
    const retrying = async (id: string) => (await reader.findUnstored(id, () => true))?.state === 'retrying';
    for (const id of ids) await eventually(() => retrying(id), { what: 'the order to be retrying' });
    await stop();
    await run(poisonModule);
    for (const id of ids) {
      await eventually(async () => (await reader.find(id, ALL_ORDERS))?.status === 'failed', {
        what: 'the order to fail',
        timeoutMs: 40_000,
      });
    }
    await isConfirmed(await place());
  },
);

await t.test(
  'an order whose detached call ends its thread again and again fails, although none of these calls counts as an attempt',
  { timeout: 120_000 },
  async (t) => {
    const { run, place, isConfirmed, reader } = await pipelineUnderTest(t);
    await run(processorModule);
    const [killer, good] = [await place('slow-crash'), await place()];
    await eventually(async () => (await reader.find(killer, ALL_ORDERS))?.status === 'failed', {
      what: 'the order to fail',
      timeoutMs: 60_000,
    });
    await isConfirmed(good);
  },
);

await t.test('a stopped pipeline is not ready', async (t) => {
  const { run } = await pipelineUnderTest(t);
  const { pipeline, stop } = await run(undefined);
  t.equal(pipeline.readinessProblem(), undefined);
  await stop();
  t.match(pipeline.readinessProblem(), /stopped/);
});
