import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { Turns } from '../../src/services/turns.ts';

await t.test('callers alternate, however many readers one of them has', async (t) => {
  const turns = new Turns(() => 0);
  const order: string[] = [];
  for (let reader = 1; reader <= 5; reader += 1) turns.request('many', () => order.push(`many ${reader}`));
  turns.request('one', () => order.push('one'));
  t.same(order, [], 'not at once');
  t.equal(turns.waiting, 6);
  await setImmediate();
  t.same(order, ['many 1', 'one', 'many 2', 'many 3', 'many 4', 'many 5']);
  t.equal(turns.waiting, 0);
});

await t.test('readers leave the event loop to others after a few milliseconds', async (t) => {
  let now = 0;
  const turns = new Turns(() => now);
  let count = 0;
  for (let reader = 0; reader < 10; reader += 1) {
    turns.request('a', () => {
      count += 1;
      now += 1;
    });
  }
  await setImmediate();
  t.equal(count, 2);
  await eventually(() => count === 10, { what: 'all turns' });
});

await t.test('after a full turn, the processor is left to others for as long', async (t) => {
  const turns = new Turns();
  const startedAt = performance.now();
  let busyMs = 0;
  let count = 0;
  for (let reader = 0; reader < 40; reader += 1) {
    turns.request('a', () => {
      const begin = performance.now();
      while (performance.now() - begin < 1);
      busyMs += performance.now() - begin;
      count += 1;
    });
  }
  await eventually(() => count === 40, { what: 'all turns' });
  const elapsedMs = performance.now() - startedAt;
  // The last turn is not followed by a rest.
  t.ok(elapsedMs > 1.8 * busyMs, `${busyMs} ms of work within ${elapsedMs} ms`);
});

await t.test('a reader that asks again waits until everything else had its turn', async (t) => {
  const turns = new Turns(() => 0);
  const order: string[] = [];
  turns.request('a', () => {
    order.push('a');
    turns.request('a', () => order.push('a again'));
  });
  await setImmediate();
  t.same(order, ['a']);
  await setImmediate();
  t.same(order, ['a', 'a again']);
});

await t.test('a cancelled turn is not taken', async (t) => {
  const turns = new Turns();
  let isTaken = false;
  const cancel = turns.request('a', () => (isTaken = true));
  cancel();
  cancel();
  t.equal(turns.waiting, 0);
  await setImmediate();
  t.notOk(isTaken);
});
