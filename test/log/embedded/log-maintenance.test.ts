import t, { type Test } from 'tap';
import { LogHealth } from '../../../src/log/embedded/log-health.ts';
import { LogMaintenance } from '../../../src/log/embedded/log-maintenance.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { append, openFile, readAll } from './support.ts';

const TOPIC = 'status';

/** The maintenance of a file with one record that is due for deletion. */
function maintained(t: Test, folder: string) {
  const file = openFile(t, folder, { followedTopics: [TOPIC] });
  append(file, TOPIC, [['key', 'value']], 1_000);
  const health = new LogHealth(() => undefined);
  const maintenance = new LogMaintenance({
    ...{ retentionMs: 1, health },
    file: () => file,
    onCorrupt: () => undefined,
  });
  t.teardown(() => maintenance.stop());
  return { maintenance, records: () => readAll(file, TOPIC).length };
}

await t.test('retention deletes nothing until all holds are released', async (t) => {
  const folder = t.testdir({ held: {}, first: {}, second: {} });
  const held = maintained(t, `${folder}/held`);
  const [first, second] = [maintained(t, `${folder}/first`), maintained(t, `${folder}/second`)];
  held.maintenance.holdRetention();
  held.maintenance.holdRetention();
  held.maintenance.start();
  // They have the same interval and start later, so what they have done was due in the held file, too.
  first.maintenance.start();
  await eventually(() => first.records() === 0, { what: 'the record of another file to be deleted' });
  t.equal(held.records(), 1);
  held.maintenance.releaseRetention();
  second.maintenance.start();
  await eventually(() => second.records() === 0, { what: 'the record of a third file to be deleted' });
  t.equal(held.records(), 1, 'holds add up');
  held.maintenance.releaseRetention();
  await eventually(() => held.records() === 0, { what: 'the record to be deleted once it is not held' });
});
