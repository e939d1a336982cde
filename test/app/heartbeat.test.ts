import t from 'tap';
import { pino } from 'pino';
import { Heartbeat } from '../../src/app/heartbeat.ts';
import { ServiceError } from '../../src/base/errors.ts';
import type { Replica } from '../../src/store/replica-store.ts';
import { eventually } from '../../tools/support/eventually.ts';

const REPLICA = { id: 'r-1', role: 'worker', version: '1.2.3' };

function harness(noteReplica: (replica: Replica) => Promise<void>) {
  const lines: Record<string, unknown>[] = [];
  const removed: string[] = [];
  let partitions = [0, 1];
  const heartbeat = new Heartbeat({
    store: { noteReplica, removeReplica: (id) => Promise.resolve(void removed.push(id)) },
    replica: REPLICA,
    partitions: () => partitions,
    logger: pino({}, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    clock: Date.now,
    intervalMs: 5,
  });
  return { heartbeat, lines, removed, assign: (to: number[]) => (partitions = to) };
}

await t.test('a process says that it runs and which partitions it has, until it stops', async (t) => {
  const noted: Replica[] = [];
  const { heartbeat, removed, assign } = harness((replica) => Promise.resolve(void noted.push(replica)));
  heartbeat.start();
  await eventually(() => noted.length > 0, { what: 'the first sign of life' });
  t.match(noted[0], { ...REPLICA, node: process.versions.node, pid: process.pid, partitions: [0, 1] });
  assign([2]);
  await eventually(() => noted.at(-1)?.partitions[0] === 2, { what: 'the new partitions' });
  await heartbeat.stop();
  t.same(removed, ['r-1']);
  const { length } = noted;
  await new Promise((resolve) => setTimeout(resolve, 30));
  t.equal(noted.length, length, 'nothing follows');
});

await t.test('a store that fails costs a warning, and the next sign of life is tried', async (t) => {
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
  await eventually(() => isAsked, { what: 'the first sign of life' });
  const startedAt = performance.now();
  await heartbeat.stop();
  t.ok(performance.now() - startedAt < 5_000);
});
