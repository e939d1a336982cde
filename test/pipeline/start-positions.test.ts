import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { startPositions } from '../../src/pipeline/start-positions.ts';
import type { OrderReader } from '../../src/store/order-store.ts';

/** Where reading starts for a partition with this progress and this committed offset. */
async function startOf(applied: number | undefined, committed: number | undefined, start = 0) {
  const reader: Pick<OrderReader, 'progress'> = { progress: () => Promise.resolve(applied) };
  const { signal } = new AbortController();
  const logger = createLogger('silent');
  const positions = await startPositions('topic', new Map([[0, committed]]), {
    reader,
    verifyLog: () => Promise.resolve([{ start, end: 10_000_000 }]),
    logger,
    signal,
  });
  return positions.get(0)?.from;
}

await t.test('reading starts at the lower of what was applied and what was published', async (t) => {
  t.equal(await startOf(500, 400), 400);
  t.equal(await startOf(500, 900), 500);
});

await t.test('a store without progress starts with the earliest record', async (t) => {
  t.equal(await startOf(undefined, 900), 'earliest');
  t.equal(await startOf(undefined, undefined), 'earliest');
});

await t.test('before the first commit the first 100,000 records are read again', async (t) => {
  t.equal(await startOf(70, undefined), 'earliest');
  t.equal(
    await startOf(5_000_000, undefined),
    5_000_000,
    'a group with a new name does not read everything again',
  );
});

await t.test('reading does not start at a published record that the log has deleted', async (t) => {
  t.equal(await startOf(500, 400, 450), 450);
  t.equal(await startOf(500, 480, 450), 480);
});

await t.test('a log that does not match the store is refused; reading it is retried', async (t) => {
  const failures = [
    new ServiceError('store-unavailable', 'for now'),
    new ServiceError('log-mismatch', 'for good'),
  ];
  const starting = startPositions('topic', new Map([[0, 1]]), {
    reader: { progress: () => Promise.resolve(1) },
    verifyLog: () => Promise.reject(failures.shift() ?? new Error('called once more')),
    logger: createLogger('silent'),
    signal: new AbortController().signal,
  });
  await t.rejects(starting, { code: 'log-mismatch' });
});
