import t from 'tap';
import { createLogger } from '../../src/base/logger.ts';
import { startPositions } from '../../src/pipeline/start-positions.ts';
import type { OrderReader } from '../../src/store/order-store.ts';

/** Where reading starts for a partition with this progress and this committed offset. */
async function startOf(applied: number | undefined, committed: number | undefined) {
  const reader: Pick<OrderReader, 'progress'> = { progress: () => Promise.resolve(applied) };
  const { signal } = new AbortController();
  const logger = createLogger('silent');
  const positions = await startPositions('topic', new Map([[0, committed]]), {
    reader,
    logger,
    signal,
  });
  return positions.get(0);
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
