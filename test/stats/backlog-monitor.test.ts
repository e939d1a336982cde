import t from 'tap';
import { createMetrics } from '../../src/base/metrics.ts';
import type { OffsetRange } from '../../src/log/event-log.ts';
import { BacklogMonitor } from '../../src/stats/backlog-monitor.ts';
import type { StoredLog } from '../../src/store/alignment-store.ts';
import { eventually } from '../../tools/support/eventually.ts';

const RANGES: OffsetRange[] = [
  { start: 2, end: 10 },
  { start: 0, end: 4 },
];

function storedAt(...nextOffsets: number[]): StoredLog {
  const progress = nextOffsets.map((nextOffset, partition) => [
    partition,
    { nextOffset, lastRecord: undefined },
  ]);
  return {
    identity: undefined,
    progress: new Map(progress as [number, { nextOffset: number; lastRecord: undefined }][]),
  };
}

function monitorOf(
  answers: { ranges?: () => Promise<OffsetRange[]>; stored?: () => Promise<StoredLog> } = {},
) {
  const { ranges = () => Promise.resolve(RANGES), stored = () => Promise.resolve(storedAt(7, 4)) } = answers;
  const metrics = createMetrics();
  const clock = { now: 0 };
  const monitor = new BacklogMonitor({
    log: { ranges, progressName: (topic) => topic },
    reader: { storedLog: stored },
    metrics,
    monotonicClock: () => clock.now,
    intervalMs: 10,
  });
  return { monitor, metrics, clock };
}

await t.test('lag, age and distance to retention of each partition are exported', async (t) => {
  const { monitor, metrics, clock } = monitorOf();
  await monitor.start();
  t.teardown(() => monitor.stop());
  clock.now = 5_000;
  const text = await metrics.registry.metrics();
  t.match(text, 'orders_consumer_lag_records{partition="0"} 3\n');
  t.match(text, 'orders_consumer_lag_records{partition="1"} 0\n');
  t.match(text, 'orders_oldest_unprocessed_age_seconds{partition="0"} 5\n');
  t.match(text, 'orders_oldest_unprocessed_age_seconds{partition="1"} 0\n');
  t.match(text, 'orders_retention_distance_records{partition="0"} 5\n');
});

await t.test('while the store is down, it counts as down, and the ages of its records grow', async (t) => {
  let isDown = false;
  let failures = 0;
  const stored = () => {
    if (!isDown) return Promise.resolve(storedAt(7, 4));
    failures += 1;
    return Promise.reject(new Error('down'));
  };
  const { monitor, metrics, clock } = monitorOf({ stored });
  await monitor.start();
  t.teardown(() => monitor.stop());
  t.match(await metrics.registry.metrics(), 'orders_dependency_up{dependency="store"} 1\n');
  isDown = true;
  await eventually(() => failures > 1, { what: 'a failed sample' });
  clock.now = 60_000;
  const text = await metrics.registry.metrics();
  t.match(text, 'orders_dependency_up{dependency="store"} 0\n');
  t.match(text, 'orders_oldest_unprocessed_age_seconds{partition="0"} 60\n');
});

await t.test('a stop does not wait for a log that does not answer', async (t) => {
  let asked = 0;
  const { monitor } = monitorOf({
    ranges: () => {
      asked += 1;
      return asked === 1 ? Promise.resolve(RANGES) : new Promise(() => undefined);
    },
  });
  await monitor.start();
  await eventually(() => asked > 1, { what: 'a sample that waits' });
  await monitor.stop();
  t.equal(asked, 2);
});
