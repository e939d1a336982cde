import { randomUUID } from 'node:crypto';
import t from 'tap';
import { THREAD_ENDED, UNANSWERED, type Outcome } from '../../src/processing/outcome.ts';
import { failureRules } from '../../tools/support/failure-rules.ts';
import { CommandRecords } from '../support/command-records.ts';
import {
  FAILED,
  FAILED_FOR_NOW,
  processingUnderTest,
  publishedChanges,
  publishedStatuses,
} from './processing-under-test.ts';

const CONFIRMED: Outcome = { status: 'confirmed', reason: null };

/** Longer than the timeout of a call and its margin, in milliseconds. */
const ANSWER_TIMEOUT_MS = 31_000;

const answerOf = (id: string, outcome: Outcome) => ({ limit: 0, answers: new Map([[id, outcome]]) });

await t.test(
  'invariant 5: an order whose call goes on waits with its later events; other orders flow',
  async (t) => {
    const { world, run, retry, history, reader, database } = await processingUnderTest(t);
    const records = new CommandRecords();
    const [slow, good] = [randomUUID(), randomUUID()];
    world.outcomes.set(slow, UNANSWERED);
    const placed = records.place(slow);
    const first = await run([
      placed,
      records.place(good),
      records.transition(slow, 'preparing'),
      { ...records.place(slow), value: placed.value },
    ]);
    t.match(first.counts, { placed: 1, retrying: 3 });
    t.equal(first.retryAt, 1_000 + ANSWER_TIMEOUT_MS);
    t.match(database.prepare('SELECT * FROM retrying_orders').all(), [
      { attempts: 0, events: 3, error: 'The processor has not answered yet.', unanswered: 1 },
    ]);
    t.match(await reader.findUnstored(slow, () => true), { state: 'retrying' });
    await run([records.transition(slow, 'cancelled'), records.transition(good, 'preparing')]);
    t.same(await history(good), ['confirmed', 'preparing']);

    world.now += 50;
    const answered = await retry(answerOf(slow, CONFIRMED));
    t.same(publishedChanges(answered), [`${slow} 1 confirmed`, `${slow} 2 preparing`, `${slow} 3 cancelled`]);
    t.same(answered.completed, [slow]);
    t.equal(answered.counts.retried, 0, 'it was no retry');
    t.same(
      world.attempts.map(([id]) => id),
      [slow, good],
      'the answer starts no attempt',
    );
    await retry(answerOf(slow, FAILED));
    t.same(await history(slow), ['confirmed', 'preparing', 'cancelled'], 'it is not decided a second time');
    t.same(
      publishedStatuses(await retry()),
      ['confirmed', 'preparing', 'cancelled'],
      'published again after a crash',
    );
  },
);

await t.test('an answer that fails counts as the first failed attempt', async (t) => {
  const { world, run, retry, database } = await processingUnderTest(t);
  const id = randomUUID();
  world.outcomes.set(id, UNANSWERED);
  await run([new CommandRecords().place(id)]);
  world.now += 20_000;
  const { counts, retryAt = 0 } = await retry(answerOf(id, FAILED_FOR_NOW));
  t.match(counts, { rescheduled: 0 }, 'it was no retry');
  t.ok(retryAt >= world.now && retryAt <= world.now + 20, 'with the pause of a first failure');
  t.match(database.prepare('SELECT * FROM retrying_orders').all(), [
    { attempts: 1, error: FAILED_FOR_NOW.reason, first_failed_at: world.now, late_ms: 0, unanswered: 0 },
  ]);

  await t.test('and the next attempt may be slow as well', async (t) => {
    world.now = retryAt + 5;
    const again = await retry();
    t.same(world.attempts.at(-1), [id, 2]);
    t.match(again.counts, { rescheduled: 0, deadLetters: 0 });
    t.equal(again.retryAt, world.now + ANSWER_TIMEOUT_MS);
    t.match(database.prepare('SELECT * FROM retrying_orders').all(), [
      { attempts: 1, unanswered: 1, late_ms: 5 },
    ]);
    t.match((await retry(answerOf(id, FAILED_FOR_NOW))).counts, { rescheduled: 1 });
    t.match(database.prepare('SELECT * FROM retrying_orders').all(), [{ attempts: 2, unanswered: 0 }]);
    world.outcomes.delete(id);
    world.now += 5_000;
    t.match((await retry()).counts, { placed: 1, retried: 1 });
  });
});

await t.test(
  'an answer that fails for good makes the order a dead letter, with its queued events',
  async (t) => {
    const { world, run, retry, history, deadLetters } = await processingUnderTest(t);
    const records = new CommandRecords();
    const id = randomUUID();
    world.outcomes.set(id, UNANSWERED);
    await run([records.place(id), records.transition(id, 'cancelled')]);
    t.match((await retry(answerOf(id, FAILED))).counts, { deadLetters: 2 });
    t.same(await history(id), ['failed']);
    t.match(deadLetters(), [
      { reason: 'processor-failed', attempts: 1, error: FAILED.reason },
      { reason: 'predecessor-failed', attempts: 0 },
    ]);
  },
);

await t.test('a call that ended with its thread is repeated inside the run of retries', async (t) => {
  const { world, run, retry, history } = await processingUnderTest(t);
  const records = new CommandRecords();
  const [suspect, other] = [randomUUID(), randomUUID()];
  for (const id of [suspect, other]) world.outcomes.set(id, UNANSWERED);
  await run([records.place(suspect), records.place(other)]);
  await retry(answerOf(other, FAILED_FOR_NOW));
  world.outcomes.clear();
  world.now += 5_000;
  await retry();
  t.same(await history(other), ['confirmed']);
  t.equal(world.patientRuns, 0);
  await retry(answerOf(suspect, THREAD_ENDED));
  world.now += 5_000;
  await retry();
  t.same(await history(suspect), ['confirmed']);
  t.equal(world.patientRuns, 1);
});

await t.test(
  'a call that ended with its thread costs its order no attempt: its outcome is unknown',
  async (t) => {
    const { retry: policy } = failureRules();
    const { world, run, retry, history, database, deadLetters } = await processingUnderTest(t, {
      retry: { ...policy, maxAttempts: 2 },
    });
    const id = randomUUID();
    world.outcomes.set(id, UNANSWERED);
    const rows = () => database.prepare('SELECT * FROM retrying_orders').all();
    await run([new CommandRecords().place(id)], { answers: new Map([[id, THREAD_ENDED]]) });
    t.match(
      rows(),
      [{ attempts: 0, unanswered: 0, due_at: world.now, error: THREAD_ENDED.reason }],
      'in a batch',
    );

    world.outcomes.set(id, FAILED_FOR_NOW);
    await retry();
    t.match(
      rows(),
      [{ attempts: 1, error: FAILED_FOR_NOW.reason }],
      'the repeated call is the first attempt',
    );
    world.outcomes.set(id, UNANSWERED);
    world.now += 5_000;
    await retry();
    const { retryAt, counts } = await retry(answerOf(id, THREAD_ENDED));
    t.match({ retryAt, counts }, { retryAt: world.now, counts: { deadLetters: 0 } }, 'its last attempt');
    t.match(rows(), [{ attempts: 1, unanswered: 0 }]);
    t.same(deadLetters(), []);

    world.outcomes.clear();
    await retry();
    t.same(world.attempts.at(-1), [id, 2]);
    t.same(await history(id), ['confirmed']);
  },
);

await t.test('while a call goes on, no second one starts for its order', async (t) => {
  const { world, run, retry, history } = await processingUnderTest(t);
  const records = new CommandRecords();
  const [id, due] = [randomUUID(), randomUUID()];
  world.detachedCalls.add(id);
  const { counts } = await run([records.place(id), records.place(due)]);
  t.match(counts, { placed: 1, retrying: 1 }, 'the batch that it left was not saved, and is repeated');
  world.now += ANSWER_TIMEOUT_MS + 1;
  t.equal((await retry()).retryAt, undefined, 'it is due, but not loaded');
  t.same(
    world.attempts.map(([order]) => order),
    [due],
  );
  world.detachedCalls.delete(id);
  t.same(publishedStatuses(await retry()), ['confirmed'], 'when the answer is lost, it is called again');
  t.same(world.attempts.at(-1), [id, 1]);
  t.same(await history(id), ['confirmed']);
});

await t.test('a repeated batch uses an answer that has arrived in the meantime', async (t) => {
  const { world, run, retry, history } = await processingUnderTest(t);
  const id = randomUUID();
  const answers = new Map<string, Outcome>([
    [id, { status: 'rejected', reason: 'closed' }],
    [randomUUID(), CONFIRMED],
  ]);
  const { answered } = await run([new CommandRecords().place(id)], { answers });
  t.same(answered, [id]);
  t.same(await history(id), ['rejected']);
  t.same(world.attempts, []);
  t.match(
    await retry({ limit: 0, answers }),
    { completed: [], retryAt: undefined },
    'it is no longer needed',
  );
});

await t.test('an answer is used once, even if the result that used it is lost', async (t) => {
  const { world, run, retry, history, database } = await processingUnderTest(t);
  const records = new CommandRecords();
  const [failed, confirmed, late] = [randomUUID(), randomUUID(), randomUUID()];
  const batch = [records.place(failed), records.place(confirmed)];
  const answers = new Map<string, Outcome>([
    [failed, FAILED_FOR_NOW],
    [confirmed, CONFIRMED],
  ]);
  const attemptsOf = (id: string) =>
    database.prepare('SELECT attempts FROM retrying_orders WHERE order_id = ?').pluck().get(id);

  await run(batch, { answers });
  const repeated = await run(batch, { answers });
  t.same(
    publishedChanges(repeated),
    [`${confirmed} 1 confirmed`],
    'published again, because the first may be lost',
  );
  t.match((await retry({ limit: 0, answers })).completed, []);
  t.same(await history(confirmed), ['confirmed']);
  t.equal(attemptsOf(failed), 1, 'one call, one failed attempt');

  world.outcomes.set(late, UNANSWERED);
  await run([records.place(late)]);
  const used = answerOf(late, FAILED_FOR_NOW);
  await retry(used);
  await retry(used);
  t.equal(attemptsOf(late), 1);
  world.outcomes.set(late, CONFIRMED);
  world.now += 5_000;
  await retry({ ...used, limit: 100 });
  const lastAttempt = world.attempts.findLast(([id]) => id === late);
  t.same(lastAttempt, [late, 2], 'when the order is due, the processor is called');
  t.same(await history(late), ['confirmed']);
});

await t.test('orders whose calls were lost with their process are retried at once', async (t) => {
  const { world, run, retry } = await processingUnderTest(t);
  const records = new CommandRecords();
  const [lost, failed] = [randomUUID(), randomUUID()];
  world.outcomes.set(lost, UNANSWERED).set(failed, FAILED_FOR_NOW);
  await run([records.place(lost), records.place(failed)]);
  world.outcomes.delete(lost);
  t.same(publishedStatuses(await retry({ limit: 0 })), []);
  t.same(publishedChanges(await retry({ orphaned: true })), [`${lost} 1 confirmed`]);
  t.same(world.attempts.at(-1), [lost, 1], 'the lost attempt did not fail');
});

await t.test('an answer for a partition of another worker is not applied', async (t) => {
  const { world, run, retry, history } = await processingUnderTest(t);
  const id = randomUUID();
  world.outcomes.set(id, UNANSWERED);
  await run([new CommandRecords().place(id)]);
  await retry({ ...answerOf(id, CONFIRMED), partitions: [1] });
  t.same(await history(id), []);
});

await t.test('a replay whose call goes on confirms the order once it is answered', async (t) => {
  const { world, run, retry, history, deadLetters } = await processingUnderTest(t);
  const records = new CommandRecords();
  const id = randomUUID();
  world.outcomes.set(id, FAILED);
  const placed = records.place(id);
  await run([placed]);
  world.outcomes.set(id, UNANSWERED);
  const replay = {
    ...records.place(id),
    value: placed.value,
    headers: { 'x-dlq-id': '1', 'x-dlq-replay-count': '0' },
  };
  t.match((await run([replay])).counts, { retrying: 1, replaysFailed: 0 });
  t.match(deadLetters(), [{ state: 'open' }]);
  await retry(answerOf(id, CONFIRMED));
  t.same(await history(id), ['failed', 'confirmed']);
  t.match(deadLetters(), [{ state: 'resolved' }]);
});

await t.test('a dead-letter flood defers an answer that fails; the order is called again', async (t) => {
  const { world, run, retry, database } = await processingUnderTest(t, { deadLetterFloodShare: 0.5 });
  const id = randomUUID();
  world.outcomes.set(id, UNANSWERED);
  await run([new CommandRecords().place(id)]);
  const recent = { records: 100, deadLetters: 60 };
  t.match(await retry({ ...answerOf(id, FAILED), recent }), { flood: /%/, counts: { deadLetters: 0 } });
  t.match(database.prepare('SELECT * FROM retrying_orders').all(), [
    { attempts: 0, due_at: world.now + 15_000, unanswered: 0 },
  ]);
});

await t.test('invariant 7: the store refuses the order of an answer; the others are saved', async (t) => {
  const { world, run, retry, history, deadLetters, database } = await processingUnderTest(t);
  database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON orders WHEN NEW.merchant_id = 'bad'
                 BEGIN SELECT raise(ABORT, 'this merchant is refused'); END`);
  const records = new CommandRecords();
  const [bad, good] = [randomUUID(), randomUUID()];
  world.outcomes.set(bad, UNANSWERED).set(good, UNANSWERED);
  await run([records.place(bad, { merchantId: 'bad' }), records.place(good)]);
  const answers = new Map([
    [bad, CONFIRMED],
    [good, CONFIRMED],
  ]);
  t.same((await retry({ limit: 0, answers })).completed.sort(), [bad, good].sort());
  t.same(await history(good), ['confirmed']);
  t.match(deadLetters(), [{ reason: 'store-refused', order_id: bad }]);
});
