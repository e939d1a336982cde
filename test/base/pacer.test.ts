import t from 'tap';
import { createPacer } from '../../src/base/pacer.ts';

await t.test('a pacer resolves at once, then once per interval', async (t) => {
  const startedAt = performance.now();
  const next = createPacer(40);
  await next();
  t.ok(performance.now() - startedAt < 30, 'the first call does not wait');
  await next();
  await next();
  t.ok(performance.now() - startedAt >= 78);
});

await t.test('time that the caller takes counts', async (t) => {
  let now = 0;
  const next = createPacer(60_000, () => now);
  await next();
  now = 60_000;
  await next();
  now = 500_000;
  await next();
  t.pass('no call waited');
});
