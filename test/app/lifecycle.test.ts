import { PassThrough } from 'node:stream';
import { mock } from 'node:test';
import { pino } from 'pino';
import t from 'tap';
import { Lifecycle } from '../../src/app/lifecycle.ts';
import { createLogger } from '../../src/base/logger.ts';

await t.test('invariant 11: parts are closed newest first, one after the other', async (t) => {
  const lifecycle = new Lifecycle(createLogger('silent'));
  const closed: string[] = [];
  const closeSlowly = (name: string) => async () => {
    closed.push(`${name} closes`);
    await new Promise((resolve) => setImmediate(resolve));
    closed.push(`${name} is closed`);
  };
  lifecycle.opened('store', closeSlowly('store'));
  await lifecycle.start('log', { start: () => undefined, stop: closeSlowly('log') });
  lifecycle.opened('servers', closeSlowly('servers'));
  await lifecycle.close();
  const order = ['servers', 'log', 'store'];
  t.same(
    closed,
    order.flatMap((name) => [`${name} closes`, `${name} is closed`]),
  );
  await lifecycle.close();
  t.equal(closed.length, 6, 'each is closed once');
});

await t.test('a part that takes long to close is named in the log', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const lines = new PassThrough();
  const lifecycle = new Lifecycle(pino({ level: 'warn' }, lines));
  let closed: () => void = () => undefined;
  lifecycle.opened('status feed', () => new Promise((resolve) => (closed = resolve)));
  const closing = lifecycle.close();
  mock.timers.tick(5_000);
  closed();
  await closing;
  t.match(String(lines.read()), /"part":"status feed","msg":"Still closing\."/);
  mock.timers.tick(5_000);
  t.equal(lines.read(), null, 'the timer is cleared');
});

await t.test('a part that fails to start or to close keeps none of the others open', async (t) => {
  const lifecycle = new Lifecycle(createLogger('silent'));
  const closed: string[] = [];
  lifecycle.opened('store', async () => void closed.push('store'));
  lifecycle.opened('log', () => Promise.reject(new Error('The disk is gone.')));
  const failing = {
    start: () => Promise.reject(new Error('No.')),
    stop: async () => void closed.push('pipeline'),
  };
  await t.rejects(lifecycle.start('pipeline', failing), { message: 'No.' });
  await t.rejects(lifecycle.close(), {
    errors: [{ code: 'internal', message: /^log did not close: The disk is gone/ }],
  });
  t.same(closed, ['pipeline', 'store']);
});
