import t, { type Test } from 'tap';
import { Database } from '../../src/base/sqlite.ts';
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
  /** Leaves the partitions as owners do whose processes are killed. */
  const killOwners = (uncleanEnds: number) =>
    database.prepare('UPDATE partition_owners SET owner = ?, unclean_ends = ?').run('killed', uncleanEnds);
  return { ...parts, rows, killOwners };
}

await t.test('a pipeline that stops releases its partitions', async (t) => {
  const { rows, run, place, isConfirmed } = await ownedPipeline(t);
  const { stop } = await run(processorModule);
  await isConfirmed(await place());
  t.match(rows(), [{ owner: /^[0-9a-f-]{36}$/, unclean_ends: 0 }]);
  await stop();
  t.same(rows(), [{ owner: '', unclean_ends: 0 }]);
});

await t.test('unclean ends are forgiven once a full batch of each partition is processed', async (t) => {
  const { rows, killOwners, run, place, isConfirmed } = await ownedPipeline(t);
  const { stop } = await run(processorModule);
  await stop();
  killOwners(1);
  const { stop: stopAgain } = await run(processorModule, { batchMaxRecords: 5 });
  t.match(rows(), [{ unclean_ends: 2 }]);
  const first = await place();
  await isConfirmed(first);
  t.match(rows(), [{ unclean_ends: 2 }], 'one order is not enough');
  await Promise.all(Array.from({ length: 80 }, () => place()));
  await eventually(() => rows().every((row) => row.unclean_ends === 0), {
    what: 'the unclean ends to be forgiven',
    timeoutMs: 60_000,
  });
  await stopAgain();
});

await t.test('a stop before that keeps the count for the next owner', async (t) => {
  const { rows, killOwners, run } = await ownedPipeline(t);
  await (await run(processorModule)).stop();
  killOwners(1);
  await (await run(processorModule)).stop();
  t.same(rows(), [{ owner: '', unclean_ends: 2 }]);
});
