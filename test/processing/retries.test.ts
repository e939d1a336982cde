import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Database } from '../../src/base/sqlite.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createLogger } from '../../src/base/logger.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { processBatch } from '../../src/processing/process-batch.ts';
import type { RunProcessor, Outcome } from '../../src/processing/processor.ts';
import type { BatchResult, FailureRules } from '../../src/processing/batch.ts';
import { retryOrders } from '../../src/processing/retry-orders.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore, openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { CommandRecords } from '../support/command-records.ts';
import { failureRules, NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TOPIC = 'orders.commands';
const codec = createEventCodec();
const POSTPONED: Outcome = { status: 'retry', reason: 'the merchant does not answer' };

/** A real store; the processor's answers and the time are the test's. */
async function harness(t: Test, changes: Partial<FailureRules> = {}) {
  const path = join(await temporaryFolder(t), 'orders.db');
  const target = { kind: 'sqlite', path } as const;
  await migrate(target, createLogger('silent'));
  const [store, reader] = await Promise.all([openBatchStore(target, createWriteLock()), openReader(target)]);
  const database = new Database(path);
  t.teardown(async () => {
    database.close();
    await reader.close();
    await store.close();
  });
  const world = {
    now: 1_000,
    /** when the processor answers, if that is later */
    answersAt: 0,
    answers: new Map<string, Outcome>(),
    asked: [] as [string, number][],
  };
  const runProcessor: RunProcessor = (attempts) => {
    const given = [...attempts].map(({ command: { orderId }, attempt }) => {
      world.asked.push([orderId, attempt]);
      return [orderId, world.answers.get(orderId) ?? { status: 'confirmed', reason: null }] as const;
    });
    world.now = Math.max(world.now, world.answersAt);
    return Promise.resolve(new Map(given));
  };
  const dependencies = { store, runProcessor, codec, clock: () => world.now, rules: failureRules(changes) };
  const run = (records: LogRecord[], recent = NO_FAILURES) =>
    processBatch(
      { kind: 'batch', topic: TOPIC, frame: encodeRecordFrame(records), applied: new Map(), recent },
      dependencies,
    );
  const retry = (recent = NO_FAILURES, limit = 100, published: string[] = []) =>
    retryOrders({ kind: 'retry', topic: TOPIC, partitions: [0], limit, published, recent }, dependencies);
  const history = async (id: string) => (await reader.history(id)).map(({ status }) => status);
  const letters = () =>
    database.prepare('SELECT * FROM dead_letters ORDER BY id').all() as Record<string, unknown>[];
  return { store, reader, database, world, run, retry, history, letters };
}

const statuses = (result: BatchResult) =>
  decodeRecordFrame(result.statuses).map(({ value }) => codec.decodeStatusChange(value).status);

const replayOf = (record: LogRecord, id: number, replayCount: number): LogRecord => ({
  ...record,
  headers: { 'x-dlq-id': String(id), 'x-dlq-replay-count': String(replayCount) },
});

await t.test('an order that fails for now waits with its later events; the others flow', async (t) => {
  const { world, run, retry, history, reader } = await harness(t);
  const records = new CommandRecords();
  const [late, good] = [randomUUID(), randomUUID()];
  world.answers.set(late, POSTPONED);
  const first = await run([records.place(late), records.place(good), records.transition(good, 'preparing')]);
  t.match(first.counts, { placed: 1, retrying: 1 });
  t.ok(
    first.retryAt !== undefined && first.retryAt >= 1_000 && first.retryAt <= 1_020,
    'full jitter below the base',
  );
  t.same(await history(good), ['confirmed', 'preparing']);
  t.same(await history(late), []);

  const second = await run([records.transition(late, 'cancelled'), records.transition(good, 'dispatched')]);
  t.match(second.counts, { moved: 1, retrying: 1, refused: 0 });
  t.equal(world.asked.length, 2, 'what waits is not decided out of its turn');
  t.equal(await reader.progress(TOPIC, 0), 5, 'the progress moves on');

  await t.test('when it is due it is tried again, and fails once more', async (t) => {
    world.now = 1_020;
    const failed = await retry();
    t.match(failed.counts, { rescheduled: 1, placed: 0 });
    t.same(failed.completed, []);
    t.ok(failed.retryAt !== undefined && failed.retryAt <= 1_060, 'the pause may be twice as long now');
  });

  await t.test('and then it is confirmed first, and cancelled after, as it was asked for', async (t) => {
    world.now = 1_060;
    world.answers.delete(late);
    const done = await retry();
    t.same(statuses(done), ['confirmed', 'cancelled']);
    t.same(done.completed, [late]);
    t.equal(done.retryAt, undefined);
    t.same(await history(late), ['confirmed', 'cancelled']);
    t.same(
      world.asked.filter(([id]) => id === late).map(([, attempt]) => attempt),
      [1, 2, 3],
    );
  });
});

await t.test('what a retry caused is published again until it was said to be published', async (t) => {
  const { database, world, run, retry } = await harness(t);
  const id = randomUUID();
  world.answers.set(id, POSTPONED);
  await run([new CommandRecords().place(id)]);
  world.now = 2_000;
  world.answers.delete(id);
  t.same(statuses(await retry()), ['confirmed']);
  const afterCrash = await retry();
  t.same(statuses(afterCrash), ['confirmed']);
  t.same(afterCrash.completed, [id]);
  const forgetting = await retry(NO_FAILURES, 100, afterCrash.completed);
  t.same(statuses(forgetting), []);
  t.same((await retry()).completed, []);

  await t.test('also when the run that forgets it has others to save', async (t) => {
    const [one, other] = [randomUUID(), randomUUID()];
    const records = new CommandRecords(0, 1);
    for (const next of [one, other]) {
      world.answers.set(next, POSTPONED);
      await run([records.place(next)]);
    }
    world.now += 60_000;
    world.answers.delete(one);
    const first = await retry();
    t.same(first.completed, [one]);
    world.now += 60_000;
    world.answers.delete(other);
    t.same((await retry(NO_FAILURES, 100, first.completed)).completed, [other]);
    t.same((await retry(NO_FAILURES, 100, [other])).completed, []);
    t.equal(database.prepare('SELECT count(*) FROM retrying_orders').pluck().get(), 0);
  });
});

for (const [what, retry] of [
  ['attempts', { maxAttempts: 2, budgetMs: 60_000 }],
  ['time', { maxAttempts: 1_000, budgetMs: 500 }],
] as const) {
  await t.test(`when its ${what} are spent the order fails, and its waiting events follow it`, async (t) => {
    const policy = { baseMs: 20, factor: 2, capMs: 200, ...retry };
    const { world, run, retry: tryAgain, history, letters } = await harness(t, { retry: policy });
    const records = new CommandRecords();
    const id = randomUUID();
    world.answers.set(id, POSTPONED);
    const batch = [
      records.place(id),
      records.transition(id, 'cancelled'),
      records.transition(id, 'preparing'),
    ];
    const { retryAt = 0 } = await run(batch);
    world.now = retryAt;
    world.answersAt = 1_500;
    const spent = await tryAgain();
    t.match(spent.counts, { deadLetters: 3, placed: 1, rescheduled: 0 });
    t.same(await history(id), ['failed']);
    t.match(letters(), [
      {
        reason: 'retries-exhausted',
        error: 'the merchant does not answer',
        attempts: 2,
        first_failed_at: 1_000,
      },
      { reason: 'predecessor-failed', attempts: 0, failed_at: 1_500 },
      { reason: 'predecessor-failed', order_id: id, state: 'open' },
    ]);
    t.same(
      letters().map(({ value }) => value),
      batch.map(({ value }) => value),
    );
    const [copy] = decodeRecordFrame(spent.deadLetters);
    t.same(copy?.value, batch[0]?.value);
    t.same(copy?.headers, {
      '__dlq.errors.topic': TOPIC,
      '__dlq.errors.partition': '0',
      '__dlq.errors.offset': '0',
      '__dlq.errors.group': 'test',
      '__dlq.errors.delivery.count': '2',
      '__dlq.errors.message': 'the merchant does not answer',
      'x-dlq-reason': 'retries-exhausted',
      'x-dlq-first-failed-at': '1970-01-01T00:00:01.000Z',
      'x-dlq-failed-at': '1970-01-01T00:00:01.500Z',
      'x-dlq-replay-count': '0',
      'kafka_dlt-original-topic': TOPIC,
    });
  });
}

await t.test('with a budget of nothing an order that fails for now fails at once', async (t) => {
  const retry = { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 1, budgetMs: 60_000 };
  const { world, run, history, letters } = await harness(t, { retry });
  const id = randomUUID();
  world.answers.set(id, POSTPONED);
  const result = await run([new CommandRecords().place(id)]);
  t.match(result.counts, { retrying: 0, deadLetters: 1 });
  t.same(await history(id), ['failed']);
  t.match(letters(), [{ reason: 'retries-exhausted', attempts: 1 }]);
});

await t.test('a redelivered batch copies its dead letters once more', async (t) => {
  const { world, run } = await harness(t);
  const records = new CommandRecords();
  const id = randomUUID();
  world.answers.set(id, { status: 'failed', reason: 'no such merchant' });
  const batch = [records.place(id), records.raw(Buffer.from('k'), Buffer.from([0xff]))];
  const first = decodeRecordFrame((await run(batch)).deadLetters);
  const again = decodeRecordFrame((await run(batch)).deadLetters);
  t.equal(first.length, 2);
  t.same(
    again.map(({ headers, value }) => [headers?.['x-dlq-reason'], value]).sort(),
    first.map(({ headers, value }) => [headers?.['x-dlq-reason'], value]).sort(),
  );
});

await t.test('the replay of a dead letter', async (t) => {
  const { world, run, retry, history, letters } = await harness(t, { replayLimit: 2 });
  const records = new CommandRecords();
  const id = randomUUID();
  const failing: Outcome = { status: 'failed', reason: 'no such merchant' };
  world.answers.set(id, failing);
  const placed = records.place(id);
  await run([placed]);
  const again = (count: number) => replayOf({ ...records.place(id), value: placed.value }, 1, count);

  await t.test('that fails again is the same letter, one replay older', async (t) => {
    const result = await run([again(0), again(0)]);
    t.match(result.counts, { deadLetters: 0, replaysFailed: 2 });
    t.match(letters(), [{ id: 1, replay_count: 1, state: 'open', attempts: 2, offset: 1 }]);
    t.equal(letters().length, 1);
    t.match(decodeRecordFrame(result.deadLetters)[0]?.headers, { 'x-dlq-replay-count': '1' });
    t.same(await history(id), ['failed']);
  });

  await t.test('that is rejected leaves the order failed: only a confirmation leads out of it', async (t) => {
    world.answers.set(id, { status: 'rejected', reason: 'closed' });
    await run([again(1)]);
    t.match(letters(), [{ reason: 'replay-rejected', error: 'closed', replay_count: 2, state: 'exhausted' }]);
    t.same(await history(id), ['failed']);
  });

  await t.test('that fails for now waits like any order, and confirms it later, once', async (t) => {
    const other = randomUUID();
    world.answers.set(other, failing);
    const first = records.place(other);
    await run([first, records.transition(other, 'cancelled')]);
    world.answers.set(other, POSTPONED);
    const copy = () => replayOf({ ...records.place(other), value: first.value }, 2, 0);
    t.match((await run([copy(), copy()])).counts, { retrying: 2 });
    world.answers.delete(other);
    world.now += 60_000;
    t.same(statuses(await retry()), ['confirmed']);
    t.match(letters()[1], { state: 'resolved', order_id: other });
    t.same(statuses(await run([copy()])), [], 'a further copy changes nothing');
    t.same(await history(other), ['failed', 'confirmed']);
  });

  await t.test('an order that was not failed is not touched by a forged one', async (t) => {
    const healthy = randomUUID();
    await run([records.place(healthy)]);
    const before = letters()[0];
    await run([replayOf(records.place(healthy), 1, 0)]);
    t.same(await history(healthy), ['confirmed']);
    t.same(letters()[0], before, 'nor is the letter that it names');
  });
});

await t.test('a batch that the store refuses is split until the bad rows stand alone', async (t) => {
  const { run, retry, history, letters, database, world, reader } = await harness(t);
  database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON orders WHEN NEW.merchant_id = 'bad'
                 BEGIN SELECT raise(ABORT, 'this merchant is too much'); END`);
  const records = new CommandRecords();
  const good = Array.from({ length: 20 }, () => records.place());
  const bad = [randomUUID(), randomUUID(), randomUUID()];
  const waiting = randomUUID();
  world.answers.set(waiting, POSTPONED);
  const badRecords = bad.map((id) => records.place(id, { merchantId: 'bad' }));
  const result = await run([
    ...good.slice(0, 7),
    ...badRecords,
    records.transition(bad[0] ?? '', 'cancelled'),
    ...good.slice(7),
    records.place(waiting, { merchantId: 'bad' }),
  ]);
  t.match(result.counts, { placed: 20, retrying: 1, deadLetters: 4 });
  for (const { key } of good) t.same(await history(key?.toString() ?? ''), ['confirmed']);
  t.same(
    letters().map(({ reason }) => reason),
    Array.from({ length: 4 }, () => 'store-refused'),
  );
  t.match(letters()[0], { error: /this merchant is too much/ });
  t.match(await reader.findUnstored(bad[1] ?? ''), { state: 'dead-letter' });
  t.equal(await reader.progress(TOPIC, 0), 25);

  await t.test('also when it was a retry', async (t) => {
    world.answers.delete(waiting);
    world.now += 60_000;
    const retried = await retry();
    t.same(retried.completed, [waiting]);
    t.match(letters().at(-1), { reason: 'store-refused', order_id: waiting, attempts: 2 });
  });
});

await t.test('a flood of dead letters is held back: nothing is saved', async (t) => {
  const { run, retry, letters, world, reader } = await harness(t, { deadLetterFloodShare: 0.5 });
  const records = new CommandRecords();
  const batch = Array.from({ length: 10 }, () => records.place());
  for (const { key } of batch)
    world.answers.set(key?.toString() ?? '', { status: 'failed', reason: 'broken' });
  await t.rejects(run(batch, { records: 100, deadLetters: 60 }), { code: 'dead-letter-flood' });
  t.equal(letters().length, 0);
  t.equal(await reader.progress(TOPIC, 0), undefined);
  for (const id of world.answers.keys()) world.answers.set(id, POSTPONED);
  await run(batch, { records: 100, deadLetters: 60 });
  for (const id of world.answers.keys()) world.answers.set(id, { status: 'failed', reason: 'broken' });
  const [well = '', ...others] = world.answers.keys();
  world.answers.set(well, { status: 'confirmed', reason: null });
  world.now += 50_000;
  const held = await retry({ records: 100, deadLetters: 60 });
  t.match(held, {
    flood: /^63 % of the last 110 records/,
    counts: { deadLetters: 0, placed: 1, rescheduled: 9 },
  });
  t.same(held.completed, [well], 'those that are well are not held back');
  t.equal(held.retryAt, world.now + 15_000);
  t.equal(
    (await retry({ records: 100, deadLetters: 60 })).counts.rescheduled,
    0,
    'and nothing is tried meanwhile',
  );
  world.now += 20_000;
  t.match((await retry()).counts, { deadLetters: 9 }, 'where the share is low they are given up');
  t.same(new Set(letters().map(({ order_id }) => order_id)), new Set(others));
  t.ok(
    letters().every(({ attempts }) => attempts === 2),
    'being held back was no attempt',
  );
});

await t.test('time that passes while nobody can try is not taken from the budget', async (t) => {
  const { run, retry, world, letters } = await harness(t, {
    retry: { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 1_000, budgetMs: 500 },
  });
  const id = randomUUID();
  world.answers.set(id, POSTPONED);
  await run([new CommandRecords().place(id)]);
  world.now += 3_600_000;
  t.match((await retry()).counts, { rescheduled: 1 }, 'an hour away, and none of its half second is spent');
  for (let attempt = 0; attempt < 100 && letters().length === 0; attempt += 1) {
    world.now += 20;
    await retry();
  }
  t.match(letters(), [{ reason: 'retries-exhausted' }]);
});

await t.test('what a former owner of the partition retrying is retried by whoever sees it', async (t) => {
  const { world, run } = await harness(t);
  const id = randomUUID();
  world.answers.set(id, POSTPONED);
  const batch = [new CommandRecords().place(id)];
  const { retryAt } = await run(batch);
  const again = await run(batch);
  t.match(again.counts, { redelivered: 1, retrying: 0 });
  t.equal(again.retryAt, retryAt, 'a redelivered record tells when its order is due');
});

await t.test(
  'the events of a failed order stay dead letters until its replay has confirmed it',
  async (t) => {
    const { world, run, retry, history, letters } = await harness(t, {
      retry: { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 2, budgetMs: 60_000 },
    });
    const records = new CommandRecords();
    const id = randomUUID();
    world.answers.set(id, POSTPONED);
    const [placed, cancel] = [records.place(id), records.transition(id, 'cancelled')];
    await run([placed, cancel]);
    world.now += 60_000;
    await retry();
    const replayed = (record: LogRecord, letter: number, count: number) =>
      replayOf({ ...records.place(id), value: record.value }, letter, count);

    world.answers.set(id, { status: 'failed', reason: 'still no such merchant' });
    await run([replayed(cancel, 2, 0)]);
    await run([replayed(placed, 1, 0), replayed(cancel, 2, 1)]);
    t.match(letters(), [
      { state: 'open', reason: 'processor-failed', replay_count: 1 },
      { state: 'open', reason: 'predecessor-failed', replay_count: 2 },
    ]);
    world.answers.delete(id);
    await run([replayed(placed, 1, 1), replayed(cancel, 2, 2)]);
    t.same(await history(id), ['failed', 'confirmed', 'cancelled']);
    t.match(letters(), [{ state: 'resolved' }, { state: 'resolved' }]);
  },
);

await t.test('events that follow their order are no sign of a flood', async (t) => {
  const { world, run, retry } = await harness(t, {
    deadLetterFloodShare: 0.5,
    retry: { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 2, budgetMs: 60_000 },
  });
  const records = new CommandRecords();
  const id = randomUUID();
  world.answers.set(id, POSTPONED);
  await run([records.place(id), ...Array.from({ length: 120 }, () => records.transition(id, 'cancelled'))]);
  world.now += 60_000;
  t.match((await retry()).counts, { deadLetters: 121, decided: { records: 1, deadLetters: 1 } });
});
