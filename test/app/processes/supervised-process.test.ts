import { fork } from 'node:child_process';
import t, { type Test } from 'tap';
import type { RestartPolicy } from '../../../src/app/processes/restarts.ts';
import { SupervisedProcess } from '../../../src/app/processes/supervised-process.ts';
import { createLogger } from '../../../src/base/logger.ts';
import { eventually } from '../../../tools/support/eventually.ts';

const POLICY = { baseMs: 1, factor: 1, capMs: 1, maxFailures: 3, stableMs: 60_000 };

/** @param behaviours of the first process, the second …; then `serve` */
function supervise(t: Test, behaviours: string[] = [], pauses: Partial<RestartPolicy> = {}) {
  const pids: number[] = [];
  const givenUp: Error[] = [];
  const logged: string[] = [];
  const supervised = new SupervisedProcess({
    number: 2,
    fork: () => {
      const child = fork(new URL('./child.js', import.meta.url), [behaviours.shift() ?? 'serve']);
      pids.push(child.pid ?? 0);
      return child;
    },
    allMetrics: () => Promise.resolve(''),
    onGivenUp: (error) => givenUp.push(error),
    logger: createLogger('error', { write: (line) => logged.push(line) }),
    policy: { ...POLICY, ...pauses },
    stuckMs: 500,
    checkEveryMs: 10,
  });
  t.teardown(() => supervised.stop().catch(() => undefined));
  return { supervised, pids, givenUp, logged };
}

await t.test('a process that ends is replaced', async (t) => {
  const { supervised, pids } = supervise(t);
  t.match(await supervised.start(), { http: /^http:/ });
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await eventually(async () => pids.length === 2 && (await supervised.metrics()) !== undefined, {
    what: 'the second process to answer',
  });
  await supervised.stop();
  t.throws(() => process.kill(pids[1] ?? 0, 0), { code: 'ESRCH' });
  t.equal(pids.length, 2, 'a stopped process is not replaced');
});

await t.test('a process that does not answer is killed and replaced', async (t) => {
  const { supervised, pids, givenUp } = supervise(t, ['stuck']);
  await supervised.start();
  t.equal(await Promise.race([supervised.metrics(), untilReplaced(pids)]), undefined);
  await untilReplaced(pids);
  t.throws(() => process.kill(pids[0] ?? 0, 0), { code: 'ESRCH' });
  t.same(givenUp, []);
});

await t.test('a process that ends again and again is given up', async (t) => {
  const { supervised, pids, givenUp } = supervise(t, ['crash', 'refuse', 'crash']);
  await supervised.start();
  await eventually(() => givenUp.length > 0, { what: 'the supervisor to give up' });
  t.match(givenUp, [{ code: 'internal', message: /^Process 2 ended with exit code 1, again and again/ }]);
  t.equal(pids.length, 3);
});

await t.test('a process that ends before it is ready fails the start', async (t) => {
  const { supervised, pids } = supervise(t, ['refuse']);
  await t.rejects(supervised.start(), { message: /^Process 2 ended with exit code 1 before it was ready/ });
  t.equal(pids.length, 1);
});

await t.test('a stop while the process is about to be replaced starts no other', async (t) => {
  const longPause = { baseMs: 120_000, factor: 1, capMs: 120_000 };
  const { supervised, pids, logged } = supervise(t, ['serve'], longPause);
  await supervised.start();
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await eventually(() => logged.length > 0, { what: 'the end of the process to be logged' });
  t.match(JSON.parse(logged[0] ?? ''), { process: 2, signal: 'SIGKILL', msg: /starting it again/ });
  await supervised.stop();
  t.equal(pids.length, 1);
});

async function untilReplaced(pids: readonly number[]): Promise<undefined> {
  await eventually(() => pids.length === 2, { what: 'the process to be replaced' });
  return undefined;
}
