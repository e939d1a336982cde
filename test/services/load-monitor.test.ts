import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { LoadMonitor } from '../../src/services/load-monitor.ts';
import { eventually } from '../../tools/support/eventually.ts';

/** Longer than a sample, so that a monitor that is on must notice it. */
const BUSY_MS = 700;

await t.test('a delay before the start does not count', async (t) => {
  const monitor = new LoadMonitor(50);
  t.teardown(() => monitor.stop());
  keepBusy(BUSY_MS);
  monitor.start();
  for (let turn = 0; turn < 8; turn += 1) {
    t.equal(monitor.overload(), undefined);
    await delay(100);
  }
});

await t.test('a busy event loop is an overload until it is idle again', async (t) => {
  const monitor = new LoadMonitor(50);
  t.teardown(() => monitor.stop());
  monitor.start();
  await eventually(
    () => {
      keepBusy(BUSY_MS);
      return monitor.overload()?.code === 'overloaded';
    },
    { what: 'the overload' },
  );
  await eventually(() => monitor.overload() === undefined, { what: 'the end of the overload' });
});

await t.test('0 turns the monitor off', async (t) => {
  const monitor = new LoadMonitor(0);
  monitor.start();
  keepBusy(BUSY_MS);
  await delay(10);
  t.equal(monitor.overload(), undefined);
  monitor.stop();
});

function keepBusy(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}
