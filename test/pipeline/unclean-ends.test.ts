import t from 'tap';
import { UncleanEnds } from '../../src/pipeline/unclean-ends.ts';

const PAUSE_MS = 30_000;

function harness(uncleanEnds: number, { nextOffset = 100, end = 10_000 } = {}) {
  const time = { now: 1_000_000 };
  const ends = new UncleanEnds({
    batchMaxRecords: 50,
    maxRetryPauseMs: PAUSE_MS,
    clock: () => time.now,
    monotonicClock: () => time.now,
  });
  ends.add([{ partition: 3, uncleanEnds, nextOffset }], new Map([[3, end]]));
  return { time, ends };
}

await t.test('a partition that was released is trusted', (t) => {
  const { ends } = harness(0);
  t.notOk(ends.recordsAreIsolated([3]));
  t.notOk(ends.retriesAreIsolated([3]));
  t.same(ends.trusted(), []);
  t.end();
});

await t.test('one unclean end is counted until a full batch and the retries have gone through', (t) => {
  const { ends } = harness(1);
  t.notOk(ends.recordsAreIsolated([3]));
  t.notOk(ends.retriesAreIsolated([3]));
  ends.recordsSaved(new Map([[3, 150]]));
  t.same(ends.trusted(), []);
  ends.retriesRan([3], undefined);
  t.same(ends.trusted(), [3]);
  ends.delete(ends.trusted());
  t.same(ends.trusted(), []);
  t.end();
});

await t.test('after two unclean ends the records that were being processed are isolated', (t) => {
  const { ends } = harness(2);
  t.ok(ends.recordsAreIsolated([0, 3]));
  t.equal(ends.isolatedCount, 1);
  t.notOk(ends.recordsAreIsolated([0, 1]), 'other partitions do not');
  ends.recordsSaved(
    new Map([
      [0, 500],
      [3, 149],
    ]),
  );
  t.ok(ends.recordsAreIsolated([3]), 'one record less than a full batch');
  ends.recordsSaved(new Map([[3, 150]]));
  t.notOk(ends.recordsAreIsolated([3]));
  t.ok(ends.retriesAreIsolated([3]), 'retries have not run');
  t.same(ends.trusted(), []);
  t.end();
});

await t.test('only records that were in the log at the claim are suspected', (t) => {
  const { ends } = harness(2, { end: 102 });
  ends.retriesRan([3], undefined);
  ends.recordsSaved(new Map([[3, 101]]));
  t.ok(ends.recordsAreIsolated([3]));
  ends.recordsSaved(new Map([[3, 102]]));
  t.notOk(ends.recordsAreIsolated([3]));
  t.same(ends.trusted(), [3]);
  t.end();
});

await t.test(
  'a partition without waiting records and retries is trusted after the first run of retries',
  (t) => {
    const { ends } = harness(2, { end: 100 });
    t.notOk(ends.recordsAreIsolated([3]));
    t.ok(ends.retriesAreIsolated([3]));
    ends.retriesRan([3], undefined);
    t.same(ends.trusted(), [3]);
    t.end();
  },
);

await t.test('an order of the suspected records that waits for a retry is still suspected', (t) => {
  const { time, ends } = harness(1, { end: 101 });
  ends.retriesRan([3], undefined);
  time.now += PAUSE_MS;
  ends.recordsSaved(new Map([[3, 101]]), time.now + 1_000);
  t.same(ends.trusted(), []);
  ends.retriesRan([3], time.now + 1_000);
  t.same(ends.trusted(), [], 'its call goes on');
  ends.recordsSaved(new Map([[3, 120]]), time.now + 2_000);
  ends.retriesRan([3], undefined);
  t.same(ends.trusted(), [3]);
  t.end();
});

await t.test('retries are isolated until all that were waiting have been due', (t) => {
  const { time, ends } = harness(2);
  ends.recordsSaved(new Map([[3, 500]]));
  ends.retriesRan([3], time.now + PAUSE_MS);
  t.ok(ends.retriesAreIsolated([3]), 'one is waiting');
  time.now += PAUSE_MS;
  ends.retriesRan([3], time.now);
  t.ok(ends.retriesAreIsolated([3]), 'one is due');
  ends.retriesRan([3], time.now + 1);
  t.notOk(ends.retriesAreIsolated([3]));
  t.same(ends.trusted(), [3]);
  t.end();
});

await t.test('orders that fail again and again do not keep a partition suspected', (t) => {
  const { time, ends } = harness(2);
  ends.recordsSaved(new Map([[3, 500]]));
  const lastSuspectDueAt = time.now + PAUSE_MS;
  time.now += 3 * PAUSE_MS;
  ends.retriesRan([3], lastSuspectDueAt);
  t.ok(ends.retriesAreIsolated([3]), 'one that was waiting has not run');
  ends.retriesRan([3], lastSuspectDueAt + 1);
  t.notOk(ends.retriesAreIsolated([3]), 'only later ones are overdue');
  t.same(ends.trusted(), [3]);
  t.end();
});

await t.test('retries are isolated as long as the records are, even if none was waiting', (t) => {
  const { ends } = harness(2);
  ends.retriesRan([3], undefined);
  t.ok(ends.retriesAreIsolated([3]));
  ends.recordsSaved(new Map([[3, 150]]));
  t.notOk(ends.retriesAreIsolated([3]));
  t.end();
});

await t.test('a revoked partition is no longer suspected here', (t) => {
  const { ends } = harness(5);
  ends.delete([3]);
  t.notOk(ends.recordsAreIsolated([3]));
  t.same(ends.trusted(), []);
  t.end();
});
