import t from 'tap';
import { createMetrics } from '../../src/base/metrics.ts';
import { Places, type PlaceKind } from '../../src/status/places.ts';

const LIMITS = { total: 10, reservedForWaits: 4, perCaller: 3 };

function takeSome(places: Places, count: number, kind: PlaceKind, caller?: string): (() => void)[] {
  return Array.from({ length: count }, () => places.take({ kind, caller }));
}

await t.test(
  'a caller that has all its places takes none of others, and not those of its waits',
  async (t) => {
    const places = new Places(LIMITS);
    const [give] = takeSome(places, 3, 'stream', 'a');
    t.throws(() => places.take({ kind: 'stream', caller: 'a' }), {
      code: 'too-many-watches',
      message: /3 open streams/,
    });
    t.doesNotThrow(() => places.take({ kind: 'stream', caller: 'b' }));
    takeSome(places, 3, 'wait', 'a');
    t.throws(() => places.take({ kind: 'wait', caller: 'a' }), { code: 'too-many-watches', message: /wait/ });
    give?.();
    give?.();
    takeSome(places, 1, 'stream', 'a');
    t.throws(() => places.take({ kind: 'stream', caller: 'a' }), { code: 'too-many-watches' });
    t.equal(places.count, 7);
  },
);

await t.test('streams leave the reserve to requests that wait', async (t) => {
  const places = new Places(LIMITS);
  takeSome(places, 6, 'stream');
  t.throws(() => places.take({ kind: 'stream' }), { code: 'overloaded', message: /All 6 places/ });
  takeSome(places, 4, 'wait');
  t.throws(() => places.take({ kind: 'wait' }), { code: 'overloaded', message: /All 10 places/ });
});

await t.test('metrics count the places in use, and refusals by their reason', async (t) => {
  const metrics = createMetrics();
  const places = new Places({ total: 2, reservedForWaits: 0, perCaller: 1 }, metrics);
  const [give] = takeSome(places, 1, 'stream', 'a');
  t.throws(() => places.take({ kind: 'stream', caller: 'a' }));
  takeSome(places, 1, 'wait', 'a');
  t.throws(() => places.take({ kind: 'stream', caller: 'b' }));
  give?.();
  const lines = (await metrics.registry.metrics()).split('\n');
  for (const line of [
    'orders_watch_places_in_use{kind="stream"} 0',
    'orders_watch_places_in_use{kind="wait"} 1',
    'orders_watches_refused_total{kind="stream",reason="caller"} 1',
    'orders_watches_refused_total{kind="stream",reason="total"} 1',
  ]) {
    t.ok(lines.includes(line), line);
  }
});
