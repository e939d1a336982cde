import t from 'tap';
import { acceptLoss } from '../../src/app/accept-loss.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import type { AlignmentStore, StoredLog } from '../../src/store/alignment-store.ts';
import { openLog } from '../log/embedded/support.ts';

/** A store that may crash before it saves what was accepted. */
function storeOf(stored: StoredLog) {
  const crash = { isDue: false };
  const store: AlignmentStore = {
    read: () => Promise.resolve({ identity: stored.identity, progress: new Map(stored.progress) }),
    claim: () => Promise.reject(new Error('not called')),
    accept: (_topic, identity, changes) => {
      if (crash.isDue) return Promise.reject(new Error('crash'));
      stored.identity = identity;
      for (const [partition, { next }] of changes)
        if (next !== undefined) stored.progress.set(partition, next);
      return Promise.resolve();
    },
    forgetLastRecords: () => Promise.resolve(new Map()),
    close: () => Promise.resolve(),
  };
  return { stored, store, crash };
}

for (const isOlderCopy of [true, false]) {
  const name = isOlderCopy ? 'an older copy of the log' : 'a new log';
  await t.test(`after a crash between log and store, ${name} is accepted as without it`, async (t) => {
    const log = await openLog(t, { dataDirectory: t.testdir(), partitions: 2 });
    if (isOlderCopy) {
      await log.append({ topic: TOPICS.commands, key: 'k', value: Buffer.from('v'), partition: 0 });
    }
    const at = (nextOffset: number) => ({ nextOffset, lastRecord: undefined });
    const identity = isOlderCopy ? log.identity() : 'that of the log that was deleted';
    const { stored, store, crash } = storeOf({ identity, progress: new Map([[0, at(5)]]) });
    const before = await log.ranges(TOPICS.commands);
    t.not((await acceptLoss(log, store, { dryRun: true })).length, 0);
    t.same(await log.ranges(TOPICS.commands), before, 'a dry run changes nothing');

    crash.isDue = true;
    await t.rejects(acceptLoss(log, store, { dryRun: false }), { message: 'crash' });
    crash.isDue = false;
    await acceptLoss(log, store, { dryRun: false });
    t.match(await acceptLoss(log, store, { dryRun: true }), []);
    t.equal(stored.identity, log.identity());
    t.same(stored.progress.get(0), at(5), 'the progress does not move back');
    t.same(await log.ranges(TOPICS.commands), [
      { start: 5, end: 5 },
      { start: 0, end: 0 },
    ]);
    const position = await log.append({ topic: TOPICS.commands, key: 'k', value: null, partition: 0 });
    t.same(position, { partition: 0, offset: 5 });
  });
}
