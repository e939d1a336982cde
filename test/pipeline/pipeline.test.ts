import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { decodeRecordFrame } from '../../src/base/record-frame.ts';
import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { Pipeline, type PipelineOptions } from '../../src/pipeline/pipeline.ts';
import { BatchPool } from '../../src/pool/batch-pool.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openReader } from '../../src/store/open-store.ts';
import { createWriteTurn } from '../../src/store/sqlite/write-turn.ts';
import { CommandRecords } from '../support/command-records.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const processorModule = new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname;
const logger = createLogger('silent');

/** A real log, real threads and a real store; `run` is one life of the pipeline over them. */
async function harness(t: Test) {
  const folder = await temporaryFolder(t);
  const store = { kind: 'sqlite', path: join(folder, 'orders.db') } as const;
  await migrate(store, logger);
  const reader = await openReader(store);
  const log = new EmbeddedEventLog({
    dataDirectory: folder,
    groupId: 'test',
    partitions: 4,
    maxPendingRecords: 10_000,
    maxPendingBytes: 10_000_000,
    ackTimeoutMs: 5_000,
    logger,
  });
  await log.start();
  t.teardown(async () => {
    await log.stop();
    await reader.close();
  });
  const metrics = createMetrics();
  const run = async (processor: string | undefined, changes: Partial<PipelineOptions> = {}) => {
    const pool = new BatchPool({ threads: 2, settings: { store, writeTurn: createWriteTurn(), processor } });
    await pool.start();
    const pipeline = new Pipeline({
      lanes: 2,
      batchMaxRecords: 50,
      batchMaxBytes: 1_000_000,
      batchMaxWaitMs: 5,
      oneWriter: true,
      log,
      pool,
      reader,
      publish: () => Promise.resolve(),
      metrics,
      logger,
      clock: Date.now,
      ...changes,
    });
    await pipeline.start();
    const stop = async () => {
      await pipeline.stop();
      await pool.stop();
    };
    t.teardown(stop);
    return { pipeline, stop };
  };
  const place = async (merchantId = 'm-9') => {
    const id = randomUUID();
    const { value } = new CommandRecords().place(id, { merchantId });
    await log.append({ topic: TOPICS.commands, key: id, value: value ?? Buffer.alloc(0) });
    return id;
  };
  const isConfirmed = (id: string) =>
    eventually(async () => (await reader.find(id))?.status === 'confirmed', {
      what: `${id} to be confirmed`,
    });
  return { reader, metrics, log, run, place, isConfirmed };
}

await t.test('orders flow from the log into the store, and their statuses out', async (t) => {
  const { reader, run, place } = await harness(t);
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
  await eventually(() => published.length === ids.length, { what: 'all statuses to be published' });
  t.same(new Set(published), new Set(ids));
  for (const id of ids.slice(0, 20)) t.match(await reader.find(id), { status: 'confirmed', version: 1 });
  await eventually(() => [...pipeline.lag().values()].every((lag) => lag === 0), { what: 'no lag' });
  t.equal(pipeline.fault(), undefined);
});

await t.test(
  'a status that cannot be published holds the commit up, and is published in the end',
  async (t) => {
    const { run, place, isConfirmed, metrics } = await harness(t);
    let failures = 3;
    let published = 0;
    const { pipeline } = await run(undefined, {
      publish: () => {
        if (failures-- > 0) return Promise.reject(new Error('the log is away'));
        published += 1;
        return Promise.resolve();
      },
    });
    await isConfirmed(await place());
    await eventually(() => published === 1, { what: 'the statuses to be published' });
    await eventually(() => [...pipeline.lag().values()].every((lag) => lag === 0), { what: 'the commit' });
    const retries = await metrics.batchRetries.get();
    t.equal(retries.values[0]?.value, 3);
  },
);

await t.test(
  'what fails for now is tried again, does not hold a stop up, and is finished by the next life',
  async (t) => {
    const { reader, metrics, run, place, isConfirmed } = await harness(t);
    const stuck = await place('transient-class');
    const first = await run(processorModule);
    const tried = async () => (await metrics.batchRetries.get()).values[0]?.value ?? 0;
    await eventually(async () => (await tried()) >= 3, { what: 'several attempts' });
    t.equal(await reader.find(stuck), undefined);
    const startedAt = performance.now();
    await first.stop();
    t.ok(performance.now() - startedAt < 5_000, 'the stop does not wait for what may never work');

    await run(undefined);
    await isConfirmed(stuck);
    t.equal((await reader.history(stuck)).length, 1);
  },
);

await t.test('a thread that dies costs an attempt and no order', async (t) => {
  const { run, place, isConfirmed } = await harness(t);
  const before = await place();
  const { stop } = await run(processorModule);
  await isConfirmed(before);
  const crashing = await place('crash');
  await stop();
  await run(undefined);
  await isConfirmed(crashing);
});

await t.test('a pipeline that was not started, or is stopped, says so', async (t) => {
  const { run } = await harness(t);
  const { pipeline, stop } = await run(undefined);
  t.equal(pipeline.fault(), undefined);
  await stop();
  t.match(pipeline.fault(), /stopped/);
});
