import t from 'tap';
import { Database } from '../../src/base/sqlite.ts';
import { toError } from '../../src/base/errors.ts';
import { pipelineUnderTest } from './pipeline-under-test.ts';

t.setTimeout(120_000);

await t.test(
  'a pipeline stops when its store is restored from a backup while it runs',
  { timeout: 120_000 },
  async (t) => {
    const { databasePath, run, place, isConfirmed } = await pipelineUnderTest(t);
    const { pipeline } = await run(undefined);
    for (const id of await Promise.all(Array.from({ length: 40 }, () => place()))) await isConfirmed(id);

    const database = new Database(databasePath);
    t.teardown(() => database.close());
    const restoreAnEmptyBackup = database.transaction(() => {
      for (const table of ['orders', 'order_history', 'progress']) database.exec(`DELETE FROM ${table}`);
    });
    restoreAnEmptyBackup.immediate();

    await Promise.all(Array.from({ length: 40 }, () => place()));
    t.match(toError(await pipeline.failed), { code: 'progress-gap' });
    t.same(database.prepare('SELECT * FROM progress').all(), [], 'no record was skipped');
  },
);
