import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { Program } from '../../tools/support/program.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/stoppable.js', import.meta.url));

function service(t: Test, ...args: string[]): Program {
  const program = new Program(args, { program: FIXTURE });
  t.teardown(() => program.kill());
  return program;
}

await t.test('invariant 11: SIGTERM, SIGINT and SIGHUP stop the service with exit code 0', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const program = service(t, 'runs');
    await program.wrote('ready');
    program.signal(signal);
    t.match(await program.outcome(), { code: 0, stdout: /"Stopping."[^]*stopped/ }, signal);
  }
});

await t.test('a signal during the start waits for the start, then stops the service', async (t) => {
  const program = service(t, 'starts-slowly');
  await program.wrote('starting');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 0, stdout: /"Stopping."[^]*ready[^]*stopped/ });
});

await t.test('a signal during the start is passed on, so that the start can end early', async (t) => {
  const program = service(t, 'starts-until-stopped');
  await program.wrote('starting');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 0, stdout: /"Stopping."[^]*ready[^]*stopped/ });
});

await t.test('two signals at the same moment count as one', async (t) => {
  const program = service(t, 'stops-slowly');
  await program.wrote('ready');
  // Two different ones, since the kernel merges equal pending signals.
  program.signal('SIGINT');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 0, stdout: /stopped/ });
});

await t.test('a second signal ends the process at once with exit code 1', async (t) => {
  const program = service(t, 'stop-hangs', '30000');
  await program.wrote('ready');
  program.signal('SIGTERM');
  await program.wrote('Stopping.');
  // The time is under test: a later signal is a second request, not the echo of npm.
  await delay(600);
  program.signal('SIGINT');
  t.match(await program.outcome(), { code: 1, stdout: /Second signal during the shutdown/ });
});

await t.test('invariant 11: a stop that exceeds its deadline ends with exit code 1', async (t) => {
  const program = service(t, 'stop-hangs', '100');
  await program.wrote('ready');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 1, stdout: /longer than SHUTDOWN_TIMEOUT_MS/ });
});

await t.test('a stop that fails ends with exit code 1 and says why', async (t) => {
  const program = service(t, 'stop-fails');
  await program.wrote('ready');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 1, stdout: /the store did not close/ });
});

await t.test('a service that fails is stopped and ends with exit code 1', async (t) => {
  t.match(await service(t, 'fails').outcome(), { code: 1, stdout: /the disk is full[^]*stopped/ });
});

await t.test('a start that fails ends with exit code 1 and says why, once', async (t) => {
  const { code, stdout } = await service(t, 'start-fails').outcome();
  t.equal(code, 1);
  t.equal(stdout.match(/"err":/g)?.length, 1, stdout);
  t.match(stdout, 'no broker answers');
});

await t.test('an uncaught error is logged, stops the service and gives exit code 1', async (t) => {
  t.match(await service(t, 'throws').outcome(), { code: 1, stdout: /nobody catches this[^]*stopped/ });
});

await t.test('a start that fails with an error of ours logs its message without a stack', async (t) => {
  const { stdout } = await service(t, 'start-fails-known').outcome();
  t.match(stdout, /"code":"store-unavailable","msg":"The service could not start: No database answers\."}/);
  t.notMatch(stdout, 'stack');
});
