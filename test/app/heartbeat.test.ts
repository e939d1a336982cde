import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { pino } from 'pino';
import { Heartbeat } from '../../src/app/heartbeat.ts';
import { ServiceError } from '../../src/base/errors.ts';
import type { Replica } from '../../src/store/replica-store.ts';
import { eventually } from '../../tools/support/eventually.ts';

const REPLICA = { id: 'r-1', role: 'worker', version: '1.2.3' };

function harness(noteReplica: (replica: Replica) => Promise<void>) {
  const lines: Record<string, unknown>[] = [];
  const calls: string[] = [];
  let partitions = [0, 1];
  const heartbeat = new Heartbeat({
    store: {
      noteReplica: (replica) => noteReplica(replica).finally(() => calls.push('noted')),
      removeReplica: (id) => Promise.resolve(void calls.push(`removed ${id}`)),
    },
    replica: REPLICA,
    partitions: () => partitions,
    logger: pino({}, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    clock: Date.now,
    intervalMs: 5,
  });
  return { heartbeat, lines, calls, assign: (to: number[]) => (partitions = to) };
}

await t.test('a process says that it runs and which partitions it has, until it stops', async (t) => {
  const noted: Replica[] = [];
  const { heartbeat, calls, assign } = harness(async (replica) => {
    noted.push(replica);
    // Longer than the interval, so that one is in progress at the stop.
    await pause(20);
  });
  heartbeat.start();
  await eventually(() => noted.length > 0, { what: 'the first heartbeat' });
  t.match(noted[0], { ...REPLICA, node: process.versions.node, pid: process.pid, partitions: [0, 1] });
  assign([2]);
  await eventually(() => noted.at(-1)?.partitions[0] === 2, { what: 'the new partitions' });
  await heartbeat.stop();
  t.equal(calls.filter((call) => call === 'noted').length, noted.length, 'the one in progress was finished');
  t.equal(calls.at(-1), 'removed r-1', 'before the row was deleted');
});

await t.test('a store that fails costs a warning, and the next heartbeat is sent', async (t) => {
  let attempts = 0;
  const { heartbeat, lines } = harness(() => {
    attempts += 1;
    return Promise.reject(new ServiceError('store-unavailable', 'The store is away.'));
  });
  heartbeat.start();
  await eventually(() => attempts > 1, { what: 'another attempt' });
  await heartbeat.stop();
  t.match(lines[0], { level: 40, err: { code: 'store-unavailable' }, msg: /list of replicas/ });
});

await t.test('a store that hangs does not hold up the stop', async (t) => {
  let isAsked = false;
  const { heartbeat } = harness(() => {
    isAsked = true;
    return new Promise(() => undefined);
  });
  heartbeat.start();
  await eventually(() => isAsked, { what: 'the first heartbeat' });
  const startedAt = performance.now();
  await heartbeat.stop();
  t.ok(performance.now() - startedAt < 5_000);
});
