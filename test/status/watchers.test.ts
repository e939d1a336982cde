import t from 'tap';
import { Places } from '../../src/status/places.ts';
import { Watchers } from '../../src/status/watchers.ts';

const WATCHERS = 10_000;
const limits = { total: WATCHERS, reservedForWaits: 0, perCaller: WATCHERS };

await t.test('watchers of one channel leave equally fast in any order', (t) => {
  const watchers = new Watchers(new Places(limits));
  const msToRemove = (ordered: (removes: (() => void)[]) => (() => void)[]) => {
    const add = (_: unknown, index: number) =>
      watchers.add({ channel: 'all', place: { kind: 'stream' }, listener: () => index, onStartOver() {} });
    const removes = ordered(Array.from({ length: WATCHERS }, add));
    const startedAt = performance.now();
    for (const remove of removes) remove();
    return performance.now() - startedAt;
  };
  msToRemove((removes) => removes);
  const newestFirst = msToRemove((removes) => removes.reverse());
  const oldestFirst = msToRemove((removes) => removes);
  t.equal(watchers.count, 0);
  t.notOk(watchers.hasAny('all'));
  t.ok(oldestFirst < 20 + 5 * newestFirst, `oldest first ${oldestFirst} ms, newest first ${newestFirst} ms`);
  t.end();
});

await t.test('a listener that was added twice is called twice, and removed once', (t) => {
  const watchers = new Watchers(new Places(limits));
  let calls = 0;
  const watcher = {
    channel: 'a',
    place: { kind: 'stream' },
    listener: () => (calls += 1),
    onStartOver() {},
  } as const;
  const remove = watchers.add(watcher);
  watchers.add(watcher);
  watchers.emit('a');
  t.equal(calls, 2);
  remove();
  remove();
  watchers.emit('a');
  watchers.emit('b');
  t.equal(calls, 3);
  t.end();
});
