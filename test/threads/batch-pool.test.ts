import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createLogger } from '../../src/base/logger.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';
import { BatchPool } from '../../src/threads/batch-pool.ts';
import type { BatchRequest } from '../../src/processing/batch.ts';
import type { Outcome } from '../../src/processing/outcome.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { CommandRecords } from '../support/command-records.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { failureRules, NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const processor = new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname;

t.setTimeout(120_000);

async function harness(
  t: Test,
  threads: number,
  processorTimeoutMs = 30_000,
  { writeLock = createWriteLock(), storeTimeMs = 8_000 } = {},
) {
  const store = { kind: 'sqlite', path: join(await temporaryFolder(t), 'orders.db') } as const;
  await migrate(store, createLogger('silent'));
  const reader = await openReader(store);
  const lines: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => lines.push(line) });
  const detachedCalls: number[] = [];
  const pool = new BatchPool({
    threads,
    logger,
    storeTimeMs,
    onDetachedCalls: (calls) => detachedCalls.push(calls),
    settings: {
      store,
      writeLock,
      processor,
      processorTimeoutMs,
      processorPatienceMs: 100,
      logLevel: 'silent',
      rules: failureRules(),
    },
  });
  await pool.start();
  t.teardown(async () => {
    await pool.stop();
    await reader.close();
  });
  return { pool, reader, detachedCalls, logged: () => lines.join('') };
}

function batch(records: LogRecord[]): BatchRequest {
  return {
    kind: 'batch',
    topic: 'orders.commands',
    frame: encodeRecordFrame(records),
    applied: new Map(),
    recent: NO_FAILURES,
  };
}

await t.test('a batch crosses as one transferred buffer and comes back as one', async (t) => {
  const { pool, reader } = await harness(t, 1);
  const id = randomUUID();
  const request = batch([new CommandRecords().place(id)]);
  const { statuses, counts } = await pool.run(request);
  t.equal(request.frame.byteLength, 0, 'the frame was transferred');
  t.same(
    decodeRecordFrame(statuses).map(({ key }) => key?.toString()),
    [id],
  );
  t.equal(counts.placed, 1);
  t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed' });
});

await t.test('several threads share the write lock, and nothing is lost', async (t) => {
  const { pool, reader } = await harness(t, 2);
  const lanes = [0, 1].map((partition) => new CommandRecords(partition));
  await Promise.all(
    lanes.map(async (records) => {
      for (let round = 0; round < 20; round += 1) {
        await pool.run(batch(Array.from({ length: 50 }, () => records.place())));
      }
    }),
  );
  for (const { partition } of lanes) t.equal(await reader.progress('orders.commands', partition), 1_000);
});

await t.test('an error from a thread keeps its code', async (t) => {
  const { pool } = await harness(t, 1);
  const behind = { ...batch([new CommandRecords(0, 9).place()]), applied: new Map([[0, 9]]) };
  await t.rejects(pool.run(behind), { name: 'ServiceError', code: 'progress-gap', transient: false });
});

await t.test('a crashed thread fails its batch, and the next batch is processed', async (t) => {
  const { pool, reader } = await harness(t, 1);
  const dying = pool.run(batch([new CommandRecords().place(randomUUID(), { merchantId: 'crash' })]));
  await t.rejects(dying, { code: 'worker-failed', transient: true });
  const id = randomUUID();
  await pool.run(batch([new CommandRecords().place(id)]));
  t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed' });
});

const SETTINGS = {
  writeLock: createWriteLock(),
  processorTimeoutMs: 30_000,
  processorPatienceMs: 100,
  logLevel: 'silent',
  rules: failureRules(),
};

await t.test('a slow call leaves its batch, and its answer follows', async (t) => {
  const { pool, detachedCalls } = await harness(t, 1, 400);
  const id = randomUUID();
  const answers: [string, Outcome][] = [];
  const records = new CommandRecords();
  const { counts } = await pool.run(
    batch([records.place(id, { merchantId: 'slow' }), records.place()]),
    (orderId, outcome) => answers.push([orderId, outcome]),
  );
  t.match(counts, { placed: 1, retrying: 1 });
  t.same(detachedCalls, [1]);
  await eventually(() => answers.length === 1, { what: 'the answer' });
  t.match(answers, [[id, { status: 'retry', reason: /PROCESSOR_TIMEOUT_MS/ }]]);
  t.same(detachedCalls, [1, 0]);
});

await t.test('the slow calls of a thread that ends are lost, without an outcome', async (t) => {
  const { pool, reader } = await harness(t, 2);
  const [slow, killer] = [randomUUID(), randomUUID()];
  const answers: [string, Outcome][] = [];
  const records = new CommandRecords();
  const note = (orderId: string, outcome: Outcome) => answers.push([orderId, outcome]);
  const calls = [
    records.place(slow, { merchantId: 'slow' }),
    records.place(killer, { merchantId: 'slow-crash' }),
  ];
  t.match((await pool.run(batch(calls), note)).counts, { retrying: 2 });
  await eventually(() => answers.length === 2, { what: 'the thread to end' });
  const outcome = { status: 'lost', reason: /The worker thread ended/ };
  t.match(
    answers.toSorted(),
    [slow, killer].sort().map((id) => [id, outcome]),
  );
  const id = randomUUID();
  await pool.run(batch([records.place(id)]));
  t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed' });
});

await t.test(
  'a call that ends its thread after it has left its batch does not blame another batch',
  async (t) => {
    const { pool, reader } = await harness(t, 1);
    const records = new CommandRecords();
    const id = randomUUID();
    await pool.run(batch([records.place(randomUUID(), { merchantId: 'slow-crash' })]));
    const innocent = records.place(id);
    await t.rejects(pool.run({ ...batch([innocent]), patient: true }), { code: 'calls-lost' });
    await pool.run(batch([innocent]));
    t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed' });
  },
);

await t.test('a stop aborts slow calls and does not wait for their timeout', async (t) => {
  const { pool, detachedCalls } = await harness(t, 1);
  await pool.run(batch([new CommandRecords().place(randomUUID(), { merchantId: 'slow' })]));
  const startedAt = performance.now();
  await pool.stop();
  t.same(detachedCalls, [1, 0], 'the signal has ended the call');
  t.ok(performance.now() - startedAt < 10_000);
});

await t.test('a thread that crashes while idle is replaced', async (t) => {
  const { pool, reader, logged } = await harness(t, 1);
  const records = new CommandRecords();
  await pool.run(batch([records.place(randomUUID(), { merchantId: 'orphan' })]));
  await eventually(() => logged().includes('an idle worker thread ended'), { what: 'the thread to end' });
  const id = randomUUID();
  await pool.run(batch([records.place(id)]));
  t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed' });
});

await t.test('a blocked thread is ended at its deadline', { timeout: 60_000 }, async (t) => {
  const { pool, reader } = await harness(t, 1, 100, { storeTimeMs: 4_000 });
  const blocked = pool.run(batch([new CommandRecords().place(randomUUID(), { merchantId: 'spin' })]));
  const waiting = pool.changeOwnership({
    ...{ kind: 'claim', topic: 'orders.commands' },
    ...{ partitions: [0], owner: 'this process' },
  });
  await t.rejects(blocked, { code: 'worker-failed' });
  t.match(await waiting, [{ partition: 0 }], 'a task that waits for the thread has its own time');
  const id = randomUUID();
  await pool.run(batch([new CommandRecords().place(id)]));
  t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed' });
});

await t.test(
  'invariant 6: a thread blocked by the store is a store failure, not a poison batch',
  { timeout: 60_000 },
  async (t) => {
    const writeLock = createWriteLock();
    const { pool, reader } = await harness(t, 1, 100, { writeLock, storeTimeMs: 4_000 });
    const holder = new Int32Array(writeLock);
    Atomics.store(holder, 0, 1_000_000);
    const id = randomUUID();
    const records = [new CommandRecords().place(id)];
    await t.rejects(pool.run(batch(records)), { code: 'store-unavailable', message: /did not answer/ });
    Atomics.store(holder, 0, 0);
    await pool.run(batch(records));
    t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed' });
  },
);

await t.test('a stop ends a blocked thread at its deadline', async (t) => {
  const { pool } = await harness(t, 1);
  const blocked = t.rejects(
    pool.run(batch([new CommandRecords().place(randomUUID(), { merchantId: 'spin' })])),
    {
      code: 'worker-failed',
    },
  );
  const startedAt = performance.now();
  await pool.stop(200);
  await blocked;
  t.ok(performance.now() - startedAt < 20_000);
});

await t.test('the start fails when a thread cannot open the store or the processor', async (t) => {
  const missing = { kind: 'sqlite', path: join(await temporaryFolder(t), 'missing', 'orders.db') } as const;
  const settings = { store: missing, ...SETTINGS, processor: undefined };
  const noStore = new BatchPool({ threads: 1, settings, logger: createLogger('silent') });
  t.teardown(() => noStore.stop());
  await t.rejects(noStore.start(), { message: /directory does not exist/ });

  const noProcessor = new BatchPool({
    threads: 1,
    settings: { ...settings, processor: '/nowhere.mjs' },
    logger: createLogger('silent'),
  });
  t.teardown(() => noProcessor.stop());
  await t.rejects(noProcessor.start(), { code: 'processor-invalid' });
});

await t.test('a pool that is not started refuses requests', async (t) => {
  const settings = {
    store: { kind: 'sqlite', path: '/nowhere' },
    ...SETTINGS,
    processor: undefined,
  } as const;
  await t.rejects(new BatchPool({ threads: 1, settings, logger: createLogger('silent') }).run(batch([])), {
    code: 'worker-failed',
  });
});
