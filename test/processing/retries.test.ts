import { randomUUID } from 'node:crypto';
import t from 'tap';
import type { LogRecord } from '../../src/base/log-record.ts';
import { decodeRecordFrame } from '../../src/base/record-frame.ts';
import { CommandRecords } from '../support/command-records.ts';
import { anOrder } from '../support/order-client.ts';
import {
  FAILED,
  FAILED_FOR_NOW,
  processingUnderTest,
  publishedStatuses,
  TOPIC,
} from './processing-under-test.ts';

/** A flood in progress: 60 of the last 100 records failed. */
const FLOODED = { recent: { records: 100, deadLetters: 60 } };

const replayOf = (record: LogRecord, id: number, replayCount: number): LogRecord => ({
  ...record,
  headers: { 'x-dlq-id': String(id), 'x-dlq-replay-count': String(replayCount) },
});

await t.test(
  'invariant 5: the later events of a retrying order queue behind it; other orders flow',
  async (t) => {
    const { world, run, retry, history, reader } = await processingUnderTest(t);
    const records = new CommandRecords();
    const [late, good] = [randomUUID(), randomUUID()];
    world.outcomes.set(late, FAILED_FOR_NOW);
    const first = await run([
      records.place(late),
      records.place(good),
      records.transition(good, 'preparing'),
    ]);
    t.match(first.counts, { placed: 1, retrying: 1 });
    t.ok(
      first.retryAt !== undefined && first.retryAt >= 1_000 && first.retryAt <= 1_020,
      'full jitter below the base',
    );
    t.same(await history(good), ['confirmed', 'preparing']);
    t.same(await history(late), []);

    const second = await run([records.transition(late, 'cancelled'), records.transition(good, 'dispatched')]);
    t.match(second.counts, { moved: 1, retrying: 1, refused: 0 });
    t.equal(world.attempts.length, 2, 'a queued event starts no attempt');
    t.equal(await reader.progress(TOPIC, 0), 5, 'the progress moves on');

    await t.test('its second attempt fails, and it is rescheduled', async (t) => {
      world.now = 1_020;
      const failed = await retry();
      t.match(failed.counts, { rescheduled: 1, placed: 0 });
      t.same(failed.completed, []);
      t.ok(failed.retryAt !== undefined && failed.retryAt <= 1_060, 'the pause may be twice as long now');
    });

    await t.test('its third attempt succeeds: confirmed, then cancelled, in order', async (t) => {
      world.now = 1_060;
      world.outcomes.delete(late);
      const done = await retry();
      t.same(publishedStatuses(done), ['confirmed', 'cancelled']);
      t.same(done.completed, [late]);
      t.equal(done.retryAt, undefined);
      t.same(await history(late), ['confirmed', 'cancelled']);
      t.same(
        world.attempts.filter(([id]) => id === late).map(([, attempt]) => attempt),
        [1, 2, 3],
      );
    });
  },
);

await t.test(
  'the effects of a retry are published again until the next run learns that they are published',
  async (t) => {
    const { database, world, run, retry } = await processingUnderTest(t);
    const id = randomUUID();
    world.outcomes.set(id, FAILED_FOR_NOW);
    await run([new CommandRecords().place(id)]);
    world.now = 2_000;
    world.outcomes.delete(id);
    t.same(publishedStatuses(await retry()), ['confirmed']);
    const afterCrash = await retry();
    t.same(publishedStatuses(afterCrash), ['confirmed']);
    t.same(afterCrash.completed, [id]);
    t.same(publishedStatuses(await retry({ published: afterCrash.completed })), []);
    t.same((await retry()).completed, []);

    await t.test('even if that run has other orders to save', async (t) => {
      const [one, other] = [randomUUID(), randomUUID()];
      const records = new CommandRecords(0, 1);
      for (const next of [one, other]) {
        world.outcomes.set(next, FAILED_FOR_NOW);
        await run([records.place(next)]);
      }
      world.now += 60_000;
      world.outcomes.delete(one);
      const first = await retry();
      t.same(first.completed, [one]);
      world.now += 60_000;
      world.outcomes.delete(other);
      t.same((await retry({ published: first.completed })).completed, [other]);
      t.same((await retry({ published: [other] })).completed, []);
      t.equal(database.prepare('SELECT count(*) FROM retrying_orders').pluck().get(), 0);
    });
  },
);

const HOUR_MS = 3_600_000;

for (const stepMs of [-HOUR_MS, -24 * HOUR_MS, HOUR_MS, 24 * HOUR_MS]) {
  const name = `a clock that steps by ${stepMs / HOUR_MS} h`;

  await t.test(`${name} while an order waits neither delays its retry nor uses up its time`, async (t) => {
    const budget = { baseMs: 100, factor: 1, capMs: 100, maxAttempts: 1_000, budgetMs: 1_000 };
    const { world, run, retry, history } = await processingUnderTest(t, { retry: budget });
    const id = randomUUID();
    world.outcomes.set(id, FAILED_FOR_NOW);
    const { retryAt: first = 0 } = await run([new CommandRecords().place(id)]);
    const firstFailedAt = world.now;
    world.now = first;
    world.stepMs = stepMs;
    for (let attempt = 2; ; attempt += 1) {
      const { retryAt, counts } = await retry();
      t.equal(world.attempts.length, attempt, 'a retry that is due runs');
      if (counts.rescheduled === 0) break;
      world.now = (retryAt ?? 0) - world.stepMs;
    }
    t.same(await history(id), ['failed']);
    t.equal(world.now - firstFailedAt, budget.budgetMs, 'its time ends as it would without the step');
  });

  await t.test(`${name} during an attempt does not use up the time of the order`, async (t) => {
    const { world, run, retry, deadLetters, history } = await processingUnderTest(t);
    const id = randomUUID();
    world.outcomes.set(id, FAILED_FOR_NOW);
    await run([new CommandRecords().place(id)]);
    world.now += 20;
    world.stepsDuringAttempt = stepMs;
    t.match((await retry()).counts, { rescheduled: 1, deadLetters: 0 });
    world.outcomes.delete(id);
    world.now += 200;
    await retry();
    t.same(await history(id), ['confirmed']);
    t.same(deadLetters(), []);
  });
}

for (const [what, retry] of [
  ['attempts are', { maxAttempts: 2, budgetMs: 60_000 }],
  ['time is', { maxAttempts: 1_000, budgetMs: 500 }],
] as const) {
  await t.test(
    `when its ${what} used up, the order fails and its queued events become dead letters`,
    async (t) => {
      const policy = { baseMs: 20, factor: 2, capMs: 200, ...retry };
      const {
        world,
        run,
        retry: tryAgain,
        history,
        deadLetters,
        reader,
      } = await processingUnderTest(t, { retry: policy });
      const records = new CommandRecords();
      const id = randomUUID();
      world.outcomes.set(id, FAILED_FOR_NOW);
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
      const { customerId } = anOrder();
      t.match(await reader.history(id, { kind: 'customer', customerId }), [
        { reason: 'The order could not be processed, although it was tried several times.', attempts: 2 },
      ]);
      t.match(deadLetters(), [
        {
          reason: 'retries-exhausted',
          error: 'the merchant does not answer',
          attempts: 2,
          first_failed_at: 1_000,
        },
        {
          reason: 'predecessor-failed',
          error: /^the merchant does not answer \(an earlier event of this order/,
          attempts: 0,
          failed_at: 1_500,
        },
        { reason: 'predecessor-failed', order_id: id, state: 'open' },
      ]);
      t.same(
        deadLetters().map(({ value }) => value),
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
    },
  );
}

await t.test('if only one attempt is allowed, an order fails at once', async (t) => {
  const retry = { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 1, budgetMs: 60_000 };
  const { world, run, history, deadLetters } = await processingUnderTest(t, { retry });
  const id = randomUUID();
  world.outcomes.set(id, FAILED_FOR_NOW);
  const result = await run([new CommandRecords().place(id)]);
  t.match(result.counts, { retrying: 0, deadLetters: 1 });
  t.same(await history(id), ['failed']);
  t.match(deadLetters(), [{ reason: 'retries-exhausted', attempts: 1 }]);
});

await t.test('a redelivered batch publishes its dead letters again', async (t) => {
  const { world, run } = await processingUnderTest(t);
  const records = new CommandRecords();
  const id = randomUUID();
  world.outcomes.set(id, FAILED);
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
  const { world, run, retry, history, deadLetters } = await processingUnderTest(t, { replayLimit: 2 });
  const records = new CommandRecords();
  const id = randomUUID();
  world.outcomes.set(id, FAILED);
  const placed = records.place(id);
  await run([placed]);
  const again = (count: number) => replayOf({ ...records.place(id), value: placed.value }, 1, count);

  await t.test('that fails again updates the same dead letter', async (t) => {
    const result = await run([again(0), again(0)]);
    t.match(result.counts, { deadLetters: 0, replaysFailed: 2 });
    t.match(deadLetters(), [{ id: 1, replay_count: 1, state: 'open', attempts: 2, offset: 1 }]);
    t.equal(deadLetters().length, 1);
    t.match(decodeRecordFrame(result.deadLetters)[0]?.headers, { 'x-dlq-replay-count': '1' });
    t.same(await history(id), ['failed']);
  });

  await t.test('that is rejected leaves the order failed', async (t) => {
    world.outcomes.set(id, { status: 'rejected', reason: 'closed' });
    await run([again(1)]);
    t.match(deadLetters(), [
      { reason: 'replay-rejected', error: 'closed', replay_count: 2, state: 'exhausted' },
    ]);
    t.same(await history(id), ['failed']);
  });

  await t.test('that fails for now is retried, and confirms the order once', async (t) => {
    const other = randomUUID();
    world.outcomes.set(other, FAILED);
    const first = records.place(other);
    await run([first, records.transition(other, 'cancelled')]);
    world.outcomes.set(other, FAILED_FOR_NOW);
    const copy = () => replayOf({ ...records.place(other), value: first.value }, 2, 0);
    t.match((await run([copy(), copy()])).counts, { retrying: 2 });
    world.outcomes.delete(other);
    world.now += 60_000;
    t.same(publishedStatuses(await retry()), ['confirmed']);
    t.match(deadLetters()[1], { state: 'resolved', order_id: other });
    t.same(publishedStatuses(await run([copy()])), [], 'a further copy changes nothing');
    t.same(await history(other), ['failed', 'confirmed']);
  });

  await t.test('that is forged changes neither a healthy order nor the dead letter it names', async (t) => {
    const healthy = randomUUID();
    await run([records.place(healthy)]);
    const before = deadLetters()[0];
    await run([replayOf(records.place(healthy), 1, 0)]);
    t.same(await history(healthy), ['confirmed']);
    t.same(deadLetters()[0], before);
  });
});

await t.test(
  'invariant 7: a refused batch is split until the bad rows are found; the others are saved',
  async (t) => {
    const { run, retry, history, deadLetters, database, world, reader } = await processingUnderTest(t);
    database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON orders WHEN NEW.merchant_id = 'bad'
                 BEGIN SELECT raise(ABORT, 'this merchant is refused'); END`);
    const records = new CommandRecords();
    const good = Array.from({ length: 20 }, () => records.place());
    const bad = [randomUUID(), randomUUID(), randomUUID()];
    const waiting = randomUUID();
    world.outcomes.set(waiting, FAILED_FOR_NOW);
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
      deadLetters().map(({ reason }) => reason),
      Array.from({ length: 4 }, () => 'store-refused'),
    );
    t.match(deadLetters()[0], { error: /this merchant is refused/ });
    t.match(await reader.findUnstored(bad[1] ?? '', () => true), { state: 'dead-letter' });
    t.equal(await reader.progress(TOPIC, 0), 25);

    await t.test('also in a run of retries', async (t) => {
      world.outcomes.delete(waiting);
      world.now += 60_000;
      const retried = await retry();
      t.same(retried.completed, [waiting]);
      t.match(deadLetters().at(-1), { reason: 'store-refused', order_id: waiting, attempts: 2 });
    });
  },
);

await t.test('a record of no order that the store refuses is kept in the form that it accepts', async (t) => {
  const { run, database, deadLetters, reader } = await processingUnderTest(t);
  database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON dead_letters
                 WHEN NEW.error LIKE '%😀%' OR CAST(NEW.value AS TEXT) LIKE '%bad value%' OR NEW.key = x'6e6f'
                 BEGIN SELECT raise(ABORT, 'not in this store'); END`);
  const records = new CommandRecords();
  const good = records.place();
  const result = await run([
    records.raw(null, Buffer.from('{"a": 😀}')),
    good,
    records.raw(Buffer.from('a key'), Buffer.from('bad value')),
    records.raw(Buffer.from('k'), Buffer.from('undecodable')),
  ]);
  t.match(result.counts, { placed: 1, deadLetters: 3 });
  const byOffset = deadLetters().sort((a, b) => Number(a.offset) - Number(b.offset));
  t.match(byOffset, [
    { value: Buffer.from('{"a": 😀}'), error: /^The value is not JSON: .*\\ud83d/ },
    { key: null, value: null, error: /^The value is not JSON.*orders\.dlq has them\. .*not in this store/ },
    { key: Buffer.from('k'), value: Buffer.from('undecodable') },
  ]);
  t.same(result.unstored, []);
  t.equal(await reader.progress(TOPIC, 0), 4);
  t.match(
    decodeRecordFrame(result.deadLetters).map(({ value }) => value?.toString()),
    ['{"a": 😀}', 'bad value', 'undecodable'],
    'the copies are complete',
  );
});

await t.test(
  'a record of no order that the store refuses in every form is reported, and its copy published',
  async (t) => {
    const { run, database, deadLetters, reader, history } = await processingUnderTest(t);
    database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON dead_letters WHEN NEW."offset" = 1
                   BEGIN SELECT raise(ABORT, 'not this offset'); END`);
    const records = new CommandRecords();
    const batch = [records.place(), records.raw(null, Buffer.from('x')), records.raw(null, Buffer.from('y'))];
    const result = await run(batch);
    t.match(result.unstored, [{ partition: 0, offset: 1, error: /not this offset/ }]);
    t.match(result.counts, { placed: 1, deadLetters: 1 });
    t.match(deadLetters(), [{ offset: 2 }]);
    t.same(await history(batch[0]?.key?.toString() ?? ''), ['confirmed']);
    t.equal(await reader.progress(TOPIC, 0), 3);
    const copies = [result, await run(batch)].map(({ deadLetters }) =>
      decodeRecordFrame(deadLetters)
        .map(({ value }) => value?.toString())
        .sort(),
    );
    t.same(
      copies,
      [
        ['x', 'y'],
        ['x', 'y'],
      ],
      'also when it is redelivered, because a crash may have prevented it',
    );
  },
);

await t.test(
  'a retried order that fails again keeps all its events undecided, and none is counted',
  async (t) => {
    const { database, run, retry, world, history, deadLetters } = await processingUnderTest(t);
    const id = randomUUID();
    world.outcomes.set(id, FAILED_FOR_NOW);
    const placed = new CommandRecords().place(id);
    const elsewhere = new CommandRecords(7).transition(id, 'cancelled');
    await run([placed]);
    await run([elsewhere]);
    // As a version that sorted queued events by their offsets alone left them.
    database.prepare('UPDATE retrying_events SET ordinal = 1 - ordinal').run();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      world.now += 1_000;
      t.match((await retry()).counts, { refused: 0, rescheduled: 1, deadLetters: 0 });
    }
    database.prepare('UPDATE retrying_events SET ordinal = 1 - ordinal').run();
    world.outcomes.delete(id);
    world.now += 1_000;
    t.match((await retry()).counts, { placed: 1, refused: 0 });
    t.same(await history(id), ['confirmed', 'cancelled']);
    t.equal(deadLetters().length, 0);
  },
);

await t.test('a dead-letter flood saves nothing, and defers retries', async (t) => {
  const { run, retry, deadLetters, world, reader } = await processingUnderTest(t, {
    deadLetterFloodShare: 0.5,
  });
  const records = new CommandRecords();
  const batch = Array.from({ length: 10 }, () => records.place());
  for (const { key } of batch) world.outcomes.set(key?.toString() ?? '', FAILED);
  await t.rejects(run(batch, FLOODED), { code: 'dead-letter-flood' });
  t.equal(deadLetters().length, 0);
  t.equal(await reader.progress(TOPIC, 0), undefined);
  for (const id of world.outcomes.keys()) world.outcomes.set(id, FAILED_FOR_NOW);
  await run(batch, FLOODED);
  for (const id of world.outcomes.keys()) world.outcomes.set(id, FAILED);
  const [healthy = '', retried = '', ...others] = world.outcomes.keys();
  world.outcomes.set(healthy, { status: 'confirmed', reason: null });
  world.now += 50_000;
  const deferred = await retry(FLOODED);
  t.match(deferred, {
    flood: /^63 % of the last 110 records/,
    counts: { deadLetters: 0, placed: 1, rescheduled: 9 },
  });
  t.same(deferred.completed, [healthy], 'healthy orders are not deferred');
  t.equal(deferred.retryAt, world.now + 15_000);
  t.equal((await retry(FLOODED)).counts.rescheduled, 0, 'nothing is due yet');
  world.now += 20_000;
  world.outcomes.set(retried, FAILED_FOR_NOW);
  const { counts } = await retry();
  t.equal(counts.deadLetters, 8, 'after the flood they become dead letters');
  t.equal(counts.rescheduled, 1, 'deferring uses none of the budget of 60 s');
  t.same(new Set(deadLetters().map(({ order_id }) => order_id)), new Set(others));
  t.ok(
    deadLetters().every(({ attempts }) => attempts === 2),
    'deferring costs no attempt',
  );
});

await t.test('time without a running worker does not use up the retry budget', async (t) => {
  const { run, retry, world, deadLetters } = await processingUnderTest(t, {
    retry: { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 1_000, budgetMs: 500 },
  });
  const id = randomUUID();
  world.outcomes.set(id, FAILED_FOR_NOW);
  await run([new CommandRecords().place(id)]);
  world.now += 3_600_000;
  t.match(
    (await retry()).counts,
    { rescheduled: 1 },
    'after an hour the budget of half a second is untouched',
  );
  for (let attempt = 0; attempt < 100 && deadLetters().length === 0; attempt += 1) {
    world.now += 20;
    await retry();
  }
  t.match(deadLetters(), [{ reason: 'retries-exhausted' }]);
});

await t.test(
  'a redelivered record returns the due time of its retrying order, whose former worker may be gone',
  async (t) => {
    const { world, run } = await processingUnderTest(t);
    const id = randomUUID();
    world.outcomes.set(id, FAILED_FOR_NOW);
    const batch = [new CommandRecords().place(id)];
    const { retryAt } = await run(batch);
    const again = await run(batch);
    t.match(again.counts, { redelivered: 1, retrying: 0 });
    t.equal(again.retryAt, retryAt);
  },
);

await t.test(
  'the events of a failed order stay dead letters until a replay confirms the order',
  async (t) => {
    const { world, run, retry, history, deadLetters } = await processingUnderTest(t, {
      retry: { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 2, budgetMs: 60_000 },
    });
    const records = new CommandRecords();
    const id = randomUUID();
    world.outcomes.set(id, FAILED_FOR_NOW);
    const [placed, cancel] = [records.place(id), records.transition(id, 'cancelled')];
    await run([placed, cancel]);
    world.now += 60_000;
    await retry();
    const replayed = ({ value }: LogRecord, deadLetterId: number, count: number) =>
      replayOf({ ...records.place(id), value }, deadLetterId, count);

    world.outcomes.set(id, { status: 'failed', reason: 'still no such merchant' });
    await run([replayed(cancel, 2, 0)]);
    await run([replayed(placed, 1, 0), replayed(cancel, 2, 1)]);
    t.match(deadLetters(), [
      { state: 'open', reason: 'processor-failed', replay_count: 1 },
      { state: 'open', reason: 'predecessor-failed', replay_count: 2 },
    ]);
    world.outcomes.delete(id);
    await run([replayed(placed, 1, 1), replayed(cancel, 2, 2)]);
    t.same(await history(id), ['failed', 'confirmed', 'cancelled']);
    t.match(deadLetters(), [{ state: 'resolved' }, { state: 'resolved' }]);
  },
);

await t.test('events queued behind a failed order do not count as a flood', async (t) => {
  const { world, run, retry } = await processingUnderTest(t, {
    deadLetterFloodShare: 0.5,
    retry: { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 2, budgetMs: 60_000 },
  });
  const records = new CommandRecords();
  const id = randomUUID();
  world.outcomes.set(id, FAILED_FOR_NOW);
  await run([records.place(id), ...Array.from({ length: 120 }, () => records.transition(id, 'cancelled'))]);
  world.now += 60_000;
  t.match((await retry()).counts, { deadLetters: 121, decided: { records: 1, deadLetters: 1 } });
});
