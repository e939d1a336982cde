import t from 'tap';
import { createMetrics } from '../../src/base/metrics.ts';
import { LaggingReaders } from '../../src/services/lagging-readers.ts';

await t.test('invariant 9: beyond the limit, who has not read for the longest time is cut off', async (t) => {
  const metrics = createMetrics();
  const lagging = new LaggingReaders(100, metrics);
  const cut: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ cutOff: () => cut.push(name) }));
  if (!a || !b || !c) throw new Error('three readers');
  lagging.hold(a, 40);
  lagging.hold(b, 40);
  lagging.release(a);
  lagging.hold(a, 40);
  t.equal(lagging.bytes, 80);
  lagging.hold(c, 40);
  t.same(cut, ['b'], 'a has read meanwhile');
  t.equal(lagging.bytes, 80);
  lagging.hold(c, 101);
  t.same(cut, ['b', 'a', 'c']);
  t.equal(lagging.bytes, 0);
  lagging.release(c);
  t.equal(lagging.bytes, 0);
  const lines = (await metrics.registry.metrics()).split('\n');
  t.ok(lines.includes('orders_watches_cut_off_total{reason="bytes"} 3'));
  t.ok(lines.includes('orders_lagging_reader_bytes 0'));
});
