import t, { type Test } from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { OrderRetention } from '../../src/services/order-retention.ts';
import type { Deletion, DeletionRequest, RetentionPlace } from '../../src/store/retention-store.ts';
import { eventually } from '../../tools/support/eventually.ts';

const DAY_MS = 86_400_000;
const KEEP_MS = 30 * DAY_MS;

interface Harness {
  requests: DeletionRequest[];
  retention: OrderRetention;
  time: { wall: number; monotonic: number };
}

/** A store that answers each call from `answer`; time passes only when the test says so. */
async function harness(
  t: Test,
  newest: number | undefined,
  answer: (call: number) => Deletion = () => ({ isOwner: true, deleted: 0, tookMs: 2, next: undefined }),
): Promise<Harness & { deleted: () => Promise<number> }> {
  const time = { wall: 1_000 * DAY_MS, monotonic: 0 };
  const requests: DeletionRequest[] = [];
  const metrics = createMetrics();
  const retention = new OrderRetention({
    store: {
      release: () => Promise.resolve(),
      newestOrderAt: () => Promise.resolve(newest),
      deleteClosed: async (request) => {
        requests.push(request);
        await Promise.resolve();
        return answer(requests.length - 1);
      },
    },
    keepMs: KEEP_MS,
    metrics,
    logger: createLogger('silent'),
    clock: () => time.wall,
    monotonicClock: () => time.monotonic,
    passPauseMs: 1,
  });
  t.teardown(() => retention.stop());
  await retention.start();
  const deleted = async () => (await metrics.retentionDeleted.get()).values[0]?.value ?? 0;
  return { requests, retention, time, deleted };
}

async function nextCutoff({ requests }: Harness): Promise<number> {
  const seen = requests.length;
  await eventually(() => requests.length > seen + 1, { what: 'another pass' });
  return requests.at(-1)?.before ?? 0;
}

await t.test('the age of an order is measured by the clock', async (t) => {
  const { time, ...rest } = await harness(t, 1_000 * DAY_MS - 5);
  t.equal(await nextCutoff({ time, ...rest }), 970 * DAY_MS);
  time.wall += 1_000;
  time.monotonic += 1_000;
  t.equal(await nextCutoff({ time, ...rest }), 970 * DAY_MS + 1_000);
});

await t.test('a clock that is a year ahead at the start deletes at most a day too much', async (t) => {
  const retention = await harness(t, 1_000 * DAY_MS - 365 * DAY_MS);
  t.equal(await nextCutoff(retention), 606 * DAY_MS);
  retention.time.monotonic += 1_000;
  t.equal(await nextCutoff(retention), 606 * DAY_MS + 2_000, 'and catches up slowly');
});

await t.test('a clock that is set forward by a year deletes nothing at once', async (t) => {
  const retention = await harness(t, 1_000 * DAY_MS - 5);
  await nextCutoff(retention);
  retention.time.wall += 365 * DAY_MS;
  t.equal(await nextCutoff(retention), 970 * DAY_MS);
});

await t.test('a pass goes on where its last batch ended, until nothing is old enough', async (t) => {
  const place = (seq: number): RetentionPlace => ({ updatedAt: 7, seq });
  const answers = [
    { isOwner: true, deleted: 4, tookMs: 2, next: place(4) },
    { isOwner: true, deleted: 0, tookMs: 2, next: place(9) },
    { isOwner: true, deleted: 2, tookMs: 2, next: undefined },
  ];
  const { requests, deleted } = await harness(
    t,
    undefined,
    (call) => answers[call] ?? { isOwner: true, deleted: 0, tookMs: 2, next: undefined },
  );
  await eventually(() => requests.length > 3, { what: 'the second pass' });
  t.same(
    requests.slice(0, 4).map(({ after }) => after),
    [undefined, place(4), place(9), undefined],
  );
  t.ok(requests.every(({ limit }) => limit >= 1 && limit <= 500));
  t.equal(await deleted(), 6);
});

await t.test('after a failure the next pass tries again', async (t) => {
  const { requests, deleted } = await harness(t, undefined, (call) => {
    if (call === 0) throw new ServiceError('store-unavailable', 'The disk is full.');
    return { isOwner: true, deleted: call === 1 ? 3 : 0, tookMs: 2, next: undefined };
  });
  await eventually(() => requests.length > 2, { what: 'further passes' });
  t.equal(await deleted(), 3);
});

await t.test('a stop does not wait for a store that does not answer', async (t) => {
  const never = () => new Promise<never>(() => undefined);
  const retention = new OrderRetention({
    store: { release: never, newestOrderAt: () => Promise.resolve(1), deleteClosed: never },
    keepMs: KEEP_MS,
    metrics: createMetrics(),
    logger: createLogger('silent'),
  });
  await retention.start();
  const begin = performance.now();
  await retention.stop();
  t.ok(performance.now() - begin < 4_000);
});
