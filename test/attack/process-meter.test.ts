import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ProcessMeter } from './process-meter.ts';

if (process.platform !== 'linux') {
  t.plan(0, 'needs /proc');
} else {
  await t.test('counts CPU time and the peak of memory; a process that is gone counts as 0', async (t) => {
    const busy = spawn(process.execPath, ['-e', 'Buffer.alloc(2e8, 1); for (;;);'], { stdio: 'ignore' });
    t.teardown(() => busy.kill('SIGKILL'));
    const meter = new ProcessMeter([busy.pid ?? 0]);
    await eventually(() => meter.peakMiB() > 200, { what: '200 MiB' });
    const before = meter.cpuMs();
    await eventually(() => meter.cpuMs() >= before + 200, { what: '200 ms of CPU time' });
    meter.resetPeak();
    t.ok(meter.peakMiB() > 0, 'still there after a new peak began');
    const exit = once(busy, 'exit');
    busy.kill('SIGKILL');
    await exit;
    t.equal(meter.cpuMs(), 0);
    t.equal(meter.peakMiB(), 0);
  });
}
