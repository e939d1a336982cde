import t from 'tap';
import { percentile, Phase } from './phase.ts';

await t.test('percentiles are of the nearest rank', async (t) => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  t.equal(percentile(values, 50), 100);
  t.equal(percentile(values, 99), 198);
  t.equal(percentile([7], 99), 7);
  t.equal(percentile([], 99), null);
});

await t.test('a phase keeps what began in it', async (t) => {
  const phase = new Phase();
  phase.begin();
  t.equal(phase.pending, 1);
  phase.answered(10);
  phase.toldAfter(20);
  phase.failed('read: timeout');
  phase.failed('read: timeout');
  phase.limited();
  phase.end();
  t.equal(phase.pending, 0);
  t.match(phase.felt(), {
    requests: 1,
    p50: 10,
    p99: 10,
    events: 1,
    eventP99: 20,
    limited: 1,
    errors: 2,
    errorsByKind: { 'read: timeout': 2 },
  });
});
