import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Database } from '../../src/base/sqlite.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createLogger } from '../../src/base/logger.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { processBatch } from '../../src/processing/process-batch.ts';
import { loadProcessor, type RunProcessor } from '../../src/processing/processor.ts';
import type { BatchResult } from '../../src/processing/batch.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore, openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { CommandRecords } from '../support/command-records.ts';
import { failureRules, NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TOPIC = 'orders.commands';
const codec = createEventCodec();

async function harness(t: Test, runProcessor?: RunProcessor) {
  const path = join(await temporaryFolder(t), 'orders.db');
  const target = { kind: 'sqlite', path } as const;
  await migrate(target, createLogger('silent'));
  const [store, reader] = await Promise.all([openBatchStore(target, createWriteLock()), openReader(target)]);
  t.teardown(async () => {
    await reader.close();
    await store.close();
  });
  const dependencies = {
    store,
    runProcessor: runProcessor ?? (await loadProcessor(undefined, 30_000)),
    codec,
    clock: () => 5_000,
    rules: failureRules(),
  };
  const run = (records: LogRecord[], applied = new Map<number, number>()) =>
    processBatch(
      { kind: 'batch', topic: TOPIC, frame: encodeRecordFrame(records), applied, recent: NO_FAILURES },
      dependencies,
    );
  return { reader, path, run };
}

const statuses = (result: BatchResult) =>
  decodeRecordFrame(result.statuses).map(({ key, value }) => {
    const change = codec.decodeStatusChange(value);
    return `${key?.toString()} ${change.version} ${change.status}`;
  });

function deadLetters(path: string): Record<string, unknown>[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT * FROM dead_letters ORDER BY id').all() as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

await t.test(
  'a batch is decided, saved with its progress, and gives its status events in order',
  async (t) => {
    const { reader, run } = await harness(t);
    const [a, b] = [randomUUID(), randomUUID()];
    const records = new CommandRecords(3);
    const result = await run([records.place(a), records.place(b), records.transition(a, 'preparing')]);
    t.same(statuses(result), [`${a} 1 confirmed`, `${b} 1 confirmed`, `${a} 2 preparing`]);
    t.match(result.counts, {
      decided: { records: 3, deadLetters: 0 },
      placed: 2,
      moved: 0,
      refused: 0,
      retrying: 0,
      deadLetters: 0,
    });
    t.match(await reader.find(a), { status: 'preparing', version: 2, total: 50_000, updatedAt: 5_000 });
    t.equal(await reader.progress(TOPIC, 3), 3);
  },
);

await t.test('a redelivered batch changes nothing and publishes its statuses once more', async (t) => {
  const { reader, run } = await harness(t);
  const records = new CommandRecords();
  const [a, b] = [randomUUID(), randomUUID()];
  const batch = [records.place(a), records.transition(a, 'cancelled')];
  const first = await run(batch);
  const again = await run([...batch, records.place(b)]);
  t.match(again.counts, {
    decided: { records: 1, deadLetters: 0 },
    placed: 1,
    deadLetters: 0,
    redelivered: 2,
  });
  t.same(statuses(again), [...statuses(first), `${b} 1 confirmed`]);
  t.equal((await reader.history(a)).length, 2);
  const onlyOld = await run(batch);
  t.same(statuses(onlyOld), statuses(first));
  t.equal(await reader.progress(TOPIC, 0), 3, 'progress never moves back');
});

await t.test('a log that is not the one the store was filled from is not passed over', async (t) => {
  const { reader, run } = await harness(t);
  await run([new CommandRecords().place(), new CommandRecords(0, 1).place()]);
  const anew = new CommandRecords();
  await t.rejects(run([anew.place(), anew.place(), anew.place()]), {
    code: 'log-truncated',
    transient: false,
    message: /orders\.commands\/0 holds order \S+ at offset 0, below what the store has applied \(2\)/,
  });
  t.equal(await reader.progress(TOPIC, 0), 2, 'nothing was saved');
});

await t.test('what is not an event of ours is set aside byte for byte, and the rest goes on', async (t) => {
  const { reader, path, run } = await harness(t);
  const records = new CommandRecords();
  const id = randomUUID();
  const foreignKey = records.place(randomUUID());
  foreignKey.key = Buffer.from('another');
  const result = await run([
    records.raw(null, null),
    records.raw(Buffer.from([0xff, 0x00]), Buffer.from([0xc3, 0x28, 0x00])),
    records.raw(Buffer.from(id), Buffer.from('{"specversion":"1.0","type":"somebody.elses.v1"}')),
    foreignKey,
    records.place(id),
  ]);
  t.match(result.counts, {
    decided: { records: 5, deadLetters: 4 },
    placed: 1,
    deadLetters: 4,
    redelivered: 0,
  });
  t.match(await reader.find(id), { status: 'confirmed' });
  const kept = deadLetters(path);
  t.same(
    kept.map(({ reason }) => reason),
    Array.from({ length: 4 }, () => 'record-undecodable'),
  );
  t.same(kept[1]?.key, Buffer.from([0xff, 0x00]));
  t.same(kept[1]?.value, Buffer.from([0xc3, 0x28, 0x00]));
  t.match(kept[3]?.error, /key is not the id/);
  t.equal(await reader.progress(TOPIC, 0), 5);
});

await t.test('a repeat of an order id finds the first, and is not processed again', async (t) => {
  const asked: string[] = [];
  const runProcessor: RunProcessor = (attempts) => {
    const verdicts = new Map(
      [...attempts].map(
        ({ command: { orderId } }) => [orderId, { status: 'confirmed', reason: null }] as const,
      ),
    );
    asked.push(...verdicts.keys());
    return Promise.resolve(verdicts);
  };
  const { reader, run } = await harness(t, runProcessor);
  const records = new CommandRecords();
  const id = randomUUID();
  await run([records.place(id), records.place(id, { merchantId: 'm-other' })]);
  await run([records.place(id, { merchantId: 'm-third' })]);
  t.same(asked, [id]);
  t.match(await reader.find(id), { merchantId: 'm-9', version: 1 });
});

await t.test('a store that was set back is refused: going on would hide a hole', async (t) => {
  const { reader, run } = await harness(t);
  const records = new CommandRecords(0, 10);
  await t.rejects(run([records.place()], new Map([[0, 10]])), { code: 'progress-gap' });
  t.equal(await reader.progress(TOPIC, 0), undefined);
});

await t.test('a wish that cannot be granted changes nothing', async (t) => {
  const { reader, run } = await harness(t);
  const records = new CommandRecords();
  const id = randomUUID();
  const result = await run([
    records.place(id),
    records.transition(id, 'delivered'),
    records.transition(randomUUID(), 'cancelled'),
  ]);
  t.equal(result.counts.refused, 2);
  t.match(await reader.find(id), { status: 'confirmed', version: 1 });
});

await t.test('a processor module', async (t) => {
  const runProcessor = await loadProcessor(
    new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname,
    30_000,
  );
  const { reader, path, run } = await harness(t, runProcessor);
  const records = new CommandRecords();

  await t.test('confirms and rejects', async (t) => {
    const [good, bad] = [randomUUID(), randomUUID()];
    await run([records.place(good), records.place(bad, { merchantId: 'reject' })]);
    t.match(await reader.find(good), { status: 'confirmed' });
    t.match(await reader.history(bad), [{ status: 'rejected', reason: 'closed today' }]);
  });

  await t.test('that fails for good makes the order failed and keeps its record', async (t) => {
    const ids = [randomUUID(), randomUUID()];
    const batch = [
      records.place(ids[0], { merchantId: 'throw' }),
      records.place(ids[1], { merchantId: 'nonsense' }),
    ];
    await run(batch);
    t.match(await reader.history(ids[0] ?? ''), [{ status: 'failed', reason: 'no such merchant' }]);
    t.match(await reader.history(ids[1] ?? ''), [
      { status: 'failed', reason: /neither confirmed nor rejected/ },
    ]);
    const kept = deadLetters(path);
    t.same(
      kept.map(({ order_id, reason }) => [order_id, reason]),
      ids.map((id) => [id, 'processor-failed']),
    );
    t.same(kept[0]?.value, batch[0]?.value);
  });
});

await t.test('whatever a processor module throws or does', async (t) => {
  const runProcessor = await loadProcessor(
    new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname,
    30_000,
  );
  const { reader, run } = await harness(t, runProcessor);
  const records = new CommandRecords();
  const ids = Array.from({ length: 4 }, () => randomUUID());
  const merchants = ['no-text', 'bad-message', 'plain-transient', 'mutate'];
  const batch = ids.map((id, index) => records.place(id, { merchantId: merchants[index] ?? '' }));
  const { counts } = await run(batch);
  t.match(counts, { placed: 3, retrying: 1, deadLetters: 2 });
  t.match(await reader.history(ids[0] ?? ''), [{ status: 'failed', reason: /has no text/ }]);
  t.match(await reader.history(ids[1] ?? ''), [{ status: 'failed', reason: /object/ }]);
  t.match(await reader.findUnstored(ids[2] ?? ''), { state: 'retrying', waiting: 1 });
  t.equal((await reader.find(ids[3] ?? ''))?.items.length, 1, 'what is stored is what was ordered');
});

await t.test('a processor module that cannot be used is told by name', async (t) => {
  await t.rejects(loadProcessor('/nowhere/processor.mjs', 30_000), {
    code: 'processor-invalid',
    message: /nowhere/,
  });
  const noFunction = new URL('../support/command-records.js', import.meta.url).pathname;
  await t.rejects(loadProcessor(noFunction, 30_000), {
    code: 'processor-invalid',
    message: /export a function named process/,
  });
});
