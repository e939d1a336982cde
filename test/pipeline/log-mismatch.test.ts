import t from 'tap';
import { toError } from '../../src/base/errors.ts';
import { Database } from '../../src/base/sqlite.ts';
import { pipelineUnderTest } from './pipeline-under-test.ts';

t.setTimeout(120_000);

await t.test('a pipeline does not process partitions whose log does not match the store', async (t) => {
  const { databasePath, metrics, run, place, isConfirmed } = await pipelineUnderTest(t);
  const { stop } = await run(undefined);
  for (const id of await Promise.all(Array.from({ length: 20 }, () => place()))) await isConfirmed(id);
  await stop();
  const database = new Database(databasePath);
  t.teardown(() => database.close());
  t.match(database.prepare('SELECT last_record FROM progress').pluck().all(), [/^\d+:\d+-[0-9a-f]{8}$/]);
  database.exec(
    `UPDATE progress SET last_record = (next_offset - 1) || ':another record' WHERE partition = 1`,
  );

  const late = await place();
  const { pipeline } = await run(undefined);
  t.match(toError(await pipeline.failed), {
    code: 'log-mismatch',
    message:
      /embedded:orders\.commands\/1: the log has another record at offset \d+ than the one that was processed\./,
  });
  t.match(
    pipeline.readinessProblem(),
    /the pipeline has failed: The event log and the store do not belong together/,
  );
  t.equal((await metrics.logMismatches.get()).values[0]?.value, 1);
  t.equal(database.prepare('SELECT 1 FROM orders WHERE id = ?').get(late), undefined);
});
