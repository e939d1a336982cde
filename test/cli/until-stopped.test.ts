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

await t.test('each of the signals that ask for a stop stops the service and ends with 0', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const program = service(t, 'runs');
    await program.wrote('ready');
    program.signal(signal);
    t.match(await program.outcome(), { code: 0, stdout: /"Stopping."[^]*stopped/ }, signal);
  }
});

await t.test('a signal during the start waits for the start, then stops', async (t) => {
  const program = service(t, 'starts-slowly');
  await program.wrote('starting');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 0, stdout: /"Stopping."[^]*ready[^]*stopped/ });
});

await t.test('a signal that comes twice at once is one request', async (t) => {
  const program = service(t, 'stops-slowly');
  await program.wrote('ready');
  // At once, before anything is waited for; and two different ones, as the kernel may make one of two that are alike.
  program.signal('SIGINT');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 0, stdout: /stopped/ });
});

await t.test('a second signal ends at once with 1', async (t) => {
  const program = service(t, 'stop-hangs', '30000');
  await program.wrote('ready');
  program.signal('SIGTERM');
  await program.wrote('Stopping.');
  // What is under test is a time: a second request is one that comes later than npm's echo of the first.
  await delay(600);
  program.signal('SIGINT');
  t.match(await program.outcome(), { code: 1, stdout: /A second signal came/ });
});

await t.test('a stop that takes longer than its deadline ends with 1', async (t) => {
  const program = service(t, 'stop-hangs', '100');
  await program.wrote('ready');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 1, stdout: /longer than SHUTDOWN_TIMEOUT_MS/ });
});

await t.test('a stop that fails ends with 1 and says why', async (t) => {
  const program = service(t, 'stop-fails');
  await program.wrote('ready');
  program.signal('SIGTERM');
  t.match(await program.outcome(), { code: 1, stdout: /the store did not close/ });
});

await t.test('a service that cannot go on is stopped and ends with 1', async (t) => {
  t.match(await service(t, 'fails').outcome(), { code: 1, stdout: /the disk is full[^]*stopped/ });
});

await t.test('a start that fails ends with 1 and says why, once', async (t) => {
  const { code, stdout } = await service(t, 'start-fails').outcome();
  t.equal(code, 1);
  t.equal(stdout.match(/"err":/g)?.length, 1, stdout);
  t.match(stdout, 'no broker answers');
});

await t.test('what nobody caught is logged, the service stopped, and the end is 1', async (t) => {
  t.match(await service(t, 'throws').outcome(), { code: 1, stdout: /nobody catches this[^]*stopped/ });
});
