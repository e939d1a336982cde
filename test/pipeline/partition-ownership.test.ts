import t, { type Test } from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { Database } from '../../src/base/sqlite.ts';
import { PartitionOwnership } from '../../src/pipeline/partition-ownership.ts';
import type { Claim } from '../../src/store/partition-owners.ts';
import type { OwnershipRequest } from '../../src/threads/protocol.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { pipelineUnderTest, processorModule } from './pipeline-under-test.ts';

t.setTimeout(240_000);

async function ownedPipeline(t: Test) {
  const parts = await pipelineUnderTest(t);
  const database = new Database(parts.databasePath);
  t.teardown(() => database.close());
  const rows = () =>
    database.prepare('SELECT DISTINCT owner, unclean_ends FROM partition_owners').all() as {
      owner: string;
      unclean_ends: number;
    }[];
  const isolatedOrders = () => database.prepare('SELECT order_id FROM lone_orders').pluck().all();
  /** Leaves the partitions as owners do whose processes are killed. */
  const killOwners = (uncleanEnds: number) =>
    database.prepare('UPDATE partition_owners SET owner = ?, unclean_ends = ?').run('killed', uncleanEnds);
  return { ...parts, rows, isolatedOrders, killOwners };
}

await t.test('a pipeline that stops releases its partitions', async (t) => {
  const { rows, run, place, isConfirmed } = await ownedPipeline(t);
  const { stop } = await run(processorModule);
  await isConfirmed(await place());
  t.match(rows(), [{ owner: /^[0-9a-f-]{36}$/, unclean_ends: 0 }]);
  await stop();
  t.same(rows(), [{ owner: '', unclean_ends: 0 }]);
});

await t.test('the crash count is reset once the waiting records are processed', async (t) => {
  const { rows, killOwners, run, place, isConfirmed } = await ownedPipeline(t);
  const { stop } = await run(processorModule);
  await stop();
  killOwners(1);
  const waiting = await place();
  const { stop: stopAgain } = await run(processorModule);
  await isConfirmed(waiting);
  await eventually(() => rows().every((row) => row.unclean_ends === 0), {
    what: 'the crash count to be reset',
    timeoutMs: 20_000,
  });
  await stopAgain();
});

await t.test('a stop before that keeps the count for the next owner', async (t) => {
  const { rows, killOwners, run, place, metrics } = await ownedPipeline(t);
  await (await run(processorModule)).stop();
  killOwners(0);
  await place('slow');
  const { stop } = await run(processorModule);
  const retrying = async () =>
    (await metrics.recordsProcessed.get()).values.some(({ labels }) => labels.outcome === 'retrying');
  await eventually(retrying, { what: 'the call to leave its batch' });
  await stop();
  t.match(
    rows().find((row) => row.unclean_ends > 0),
    { owner: '', unclean_ends: 1 },
  );
});

await t.test('a stop while a slow order is isolated is no evidence against it', async (t) => {
  const { rows, killOwners, run, place, isolatedOrders } = await ownedPipeline(t);
  await (await run(processorModule)).stop();
  killOwners(1);
  const slow = await place('slow');
  const { stop } = await run(processorModule);
  await eventually(() => isolatedOrders().length > 0, {
    what: 'the order to be isolated',
    timeoutMs: 20_000,
  });
  t.same(isolatedOrders(), [slow]);
  await stop();
  t.same(isolatedOrders(), []);
  t.same(
    rows().map(({ owner }) => owner),
    rows().map(() => ''),
    'the partitions are released',
  );
});

/** Changes go to this function instead of a store. */
function ownershipWith(changeOwnership: (request: OwnershipRequest) => Promise<Claim[]>) {
  return new PartitionOwnership({
    owner: 'me',
    topic: 'orders.commands',
    pool: { changeOwnership },
    metrics: createMetrics(),
    batchMaxRecords: 50,
    maxRetryPauseMs: 30_000,
    logger: createLogger('silent'),
    signal: new AbortController().signal,
    clock: Date.now,
    monotonicClock: () => performance.now(),
  });
}

await t.test('a release that comes too late does not undo a newer claim', async (t) => {
  const changes: string[] = [];
  const ownership = ownershipWith(({ kind, partitions }) => {
    changes.push(`${kind} ${partitions.join()}`);
    return Promise.resolve(partitions.map((partition) => ({ partition, uncleanEnds: 2, nextOffset: 0 })));
  });
  const ends = (...partitions: number[]) => new Map(partitions.map((partition) => [partition, 10]));
  await ownership.claim(ends(0, 1));
  const { lastClaim } = ownership;
  await ownership.claim(ends(1));
  await ownership.release([0, 1], lastClaim);
  t.same(changes, ['claim 0,1', 'claim 1', 'release 0']);
  t.ok(ownership.uncleanEnds.recordsAreIsolated([1]), 'the newer claim keeps its suspicion');
});

await t.test('a claim waits for a release on its way', async (t) => {
  const changes: string[] = [];
  let endRelease: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (endRelease = resolve));
  const ownership = ownershipWith(async ({ kind }) => {
    changes.push(kind);
    if (kind === 'release') await released;
    return [];
  });
  const releasing = ownership.release([0], ownership.lastClaim);
  const claiming = ownership.claim(new Map([[0, 10]]));
  await new Promise((resolve) => setImmediate(resolve));
  t.same(changes, ['release']);
  endRelease();
  await Promise.all([releasing, claiming]);
  t.same(changes, ['release', 'claim']);
});

await t.test('a claim is retried while the store is away, but not after a fatal error', async (t) => {
  const failures = [
    new ServiceError('store-unavailable', 'for now'),
    new ServiceError('log-mismatch', 'for good'),
    new ServiceError('store-unavailable', 'called once more'),
  ];
  const ownership = ownershipWith(() => Promise.reject(failures.shift() ?? new Error('called once more')));
  await t.rejects(ownership.claim(new Map([[0, 10]])), { code: 'log-mismatch' });
  t.equal(failures.length, 1);
});
