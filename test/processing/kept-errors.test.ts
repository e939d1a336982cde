import { randomUUID } from 'node:crypto';
import t from 'tap';
import { errorDetail, errorLine, type ErrorDetail } from '../../src/base/error-detail.ts';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { MAX_WHOLE_ERRORS } from '../../src/processing/failed-records.ts';
import type { Outcome } from '../../src/processing/outcome.ts';
import { CommandRecords } from '../support/command-records.ts';
import { processingUnderTest, publishedReasons } from './processing-under-test.ts';

const ERROR = errorDetail(
  new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') }),
);
const LINE = 'fetch failed: connect ECONNREFUSED 127.0.0.1:9';
const FAILED: Outcome = { status: 'failed', reason: LINE, error: ERROR };
const FAILED_FOR_NOW: Outcome = { status: 'retry', reason: LINE, error: ERROR };
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

await t.test('an order that fails for good keeps its error, and is noted once', async (t) => {
  const { world, run, reader, deadLetters } = await processingUnderTest(t);
  const records = new CommandRecords();
  const id = randomUUID();
  world.outcomes.set(id, FAILED);
  const placed = records.place(id, {}, TRACEPARENT);
  const batch = [placed, records.raw(Buffer.from('k'), Buffer.from('no JSON'))];
  const result = await run(batch);
  t.match(result.failures, [
    { orderId: id, reason: 'processor-failed', attempts: 1, error: ERROR, traceparent: TRACEPARENT },
    { orderId: null, reason: 'record-undecodable', error: { cause: { class: 'SyntaxError' } } },
  ]);
  t.match(deadLetters(), [{ error: LINE, error_detail: JSON.stringify(ERROR) }, {}]);
  t.match(await reader.history(id, ALL_ORDERS), [{ reason: LINE, attempts: 1, error: ERROR }]);
  t.same(publishedReasons(result.statuses), ['The order could not be processed.'], 'watchers do not get it');
  t.same((await run(batch)).failures, [], 'a redelivered batch has failed before');
});

await t.test('attempts and the latest error go with an order until it is decided', async (t) => {
  const { world, run, retry, reader, deadLetters } = await processingUnderTest(t, {
    retry: { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 3, budgetMs: 60_000 },
  });
  const records = new CommandRecords();
  const [saved, lost] = [randomUUID(), randomUUID()];
  world.outcomes.set(saved, FAILED_FOR_NOW).set(lost, FAILED_FOR_NOW);
  const batch = [records.place(saved), records.place(lost), records.transition(lost, 'cancelled')];
  t.same((await run(batch)).failures, [], 'retrying is not failing');
  t.match(await reader.operations.findRetrying(lost), { attempts: 1, queuedEvents: 2, error: ERROR });
  t.match(await reader.operations.listRetrying({ limit: 5, customerId: 'c-123' }), { data: [{}, {}] });
  world.now += 1_000;
  world.outcomes.set(saved, { status: 'confirmed', reason: null });
  await retry();
  t.match(await reader.history(saved, ALL_ORDERS), [{ status: 'confirmed', attempts: 2 }]);
  world.now += 1_000;
  const { failures } = await retry();
  t.match(failures, [{ orderId: lost, reason: 'retries-exhausted', attempts: 3, error: ERROR }]);
  t.equal(failures.length, 1, 'the event behind it is no failure of its own');
  t.match(deadLetters(), [
    { reason: 'retries-exhausted', error: LINE },
    { reason: 'predecessor-failed', error: new RegExp(`^${LINE} \\(an earlier event`) },
  ]);
});

await t.test('a rejected order keeps what the processor said for operators', async (t) => {
  const { world, run, reader } = await processingUnderTest(t);
  const id = randomUUID();
  world.outcomes.set(id, { status: 'rejected', reason: 'risk score 81' });
  await run([new CommandRecords().place(id)]);
  t.match(await reader.find(id, ALL_ORDERS), { status: 'rejected', reason: 'risk score 81' });
});

await t.test('only the first failures of a batch are noted with stack and causes', async (t) => {
  const { world, run, deadLetters } = await processingUnderTest(t);
  const records = new CommandRecords();
  const ids = Array.from({ length: MAX_WHOLE_ERRORS + 1 }, () => randomUUID());
  for (const id of ids) world.outcomes.set(id, FAILED);
  const { failures } = await run(ids.map((id) => records.place(id)));
  t.equal(failures.length, ids.length);
  t.match(failures.at(-2)?.error, ERROR);
  const short: ErrorDetail = { class: 'TypeError', message: LINE, stack: null, cause: null };
  t.same(failures.at(-1)?.error, short);
  t.equal(errorLine(short), LINE);
  t.match(deadLetters().at(-1), { error_detail: JSON.stringify(ERROR) });
});
