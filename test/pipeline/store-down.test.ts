import t, { type Test } from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { Database } from '../../src/base/sqlite.ts';
import type { EventLog } from '../../src/log/event-log.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { pipelineUnderTest } from './pipeline-under-test.ts';

t.setTimeout(60_000);

/** Another program locks the file, until `release`. */
function lock(t: Test, databasePath: string) {
  const connection = new Database(databasePath);
  t.teardown(() => connection.close());
  connection.exec('BEGIN EXCLUSIVE');
  return { release: () => connection.exec('ROLLBACK') };
}

/** The log, and which partitions its consumer has paused. */
function watched(log: EventLog) {
  const paused = new Set<number>();
  const watchedLog: EventLog = {
    progressName: (topic) => log.progressName(topic),
    start: () => log.start(),
    stop: () => log.stop(),
    append: (record) => log.append(record),
    follow: (topic, onRecords) => log.follow(topic, onRecords),
    identity: () => log.identity(),
    ranges: (topic) => log.ranges(topic),
    recordsAt: (topic, offsets) => log.recordsAt(topic, offsets),
    readinessProblem: () => log.readinessProblem(),
    pendingAppends: () => log.pendingAppends(),
    figures: () => log.figures(),
    consumer(topic, handlers) {
      const consumer = log.consumer(topic, handlers);
      return {
        start: () => consumer.start(),
        stop: () => consumer.stop(),
        commit: (offsets) => consumer.commit(offsets),
        lag: () => consumer.lag(),
        pause(partitions) {
          for (const partition of partitions) paused.add(partition);
          consumer.pause(partitions);
        },
        resume(partitions) {
          for (const partition of partitions) paused.delete(partition);
          consumer.resume(partitions);
        },
      };
    },
  };
  return { watchedLog, paused };
}

async function locked(t: Test) {
  const parts = await pipelineUnderTest(t);
  const { watchedLog, paused } = watched(parts.log);
  const { pipeline, stop } = await parts.run(undefined, {
    log: watchedLog,
    breaker: { failures: 1, openMs: 500 },
    // Longer than the test's timeout, so a stop that waits for the store fails it.
    releaseTimeoutMs: 600_000,
  });
  const { release } = lock(t, parts.databasePath);
  const ids = await Promise.all(Array.from({ length: 200 }, () => parts.place()));
  await eventually(() => pipeline.readinessProblem() !== undefined, {
    what: 'the circuit to open',
    timeoutMs: 20_000,
  });
  return { ...parts, pipeline, stop, paused, release, ids };
}

await t.test(
  'invariant 6: a locked store pauses the partitions, costs no attempt, and processing resumes by itself',
  { timeout: 60_000 },
  async (t) => {
    const { pipeline, paused, release, ids, databasePath, isConfirmed, metrics } = await locked(t);
    t.match(
      pipeline.readinessProblem(),
      /^the store has been failing since .*: SQLite cannot use its file: database is locked \(SQLITE_BUSY\)\. /,
    );
    t.equal(paused.size, 4, 'all partitions are paused');
    release();
    for (const id of ids) await isConfirmed(id);
    await eventually(() => pipeline.readinessProblem() === undefined, { what: 'the pipeline to be ready' });
    t.equal(paused.size, 0, 'all partitions are resumed');
    await eventually(() => [...pipeline.lag().values()].every((lag) => lag === 0), { what: 'no lag' });

    const reader = new Database(databasePath, { readonly: true });
    t.teardown(() => reader.close());
    const rows = (table: string) => reader.prepare(`SELECT * FROM ${table}`).all();
    t.same(rows('retrying_orders'), []);
    t.same(rows('dead_letters'), []);
    const errors = (await metrics.batchRetries.get()).values.map(({ labels }) => labels.error_type);
    t.same(errors, ['store-unavailable']);
  },
);

await t.test('a stop does not wait for a store that is down', { timeout: 60_000 }, async (t) => {
  const { pipeline, stop, ids, reader } = await locked(t);
  await eventually(() => /next attempt/.test(pipeline.readinessProblem() ?? ''), {
    what: 'the lanes to wait',
    timeoutMs: 20_000,
  });
  await stop();
  t.equal(await reader.find(ids[0] ?? '', ALL_ORDERS), undefined);
});
