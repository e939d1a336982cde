import t from 'tap';
import { durability } from '../../bench/teach/durability.ts';
import { whenToAnswer } from '../../bench/teach/when-to-answer.ts';
import { runTiny } from './run-tiny.ts';

await t.test('the experiment when-to-answer measures every column and draws its chart', async (t) => {
  await runTiny(t, whenToAnswer);
});

await t.test('the experiment durability loses nothing that all replicas have acknowledged', async (t) => {
  const rows = await runTiny(t, durability);
  const last = rows.at(-1);
  t.match(last?.variant, 'acks=all');
  t.ok((last?.figures.acknowledged ?? 0) > 0);
  t.equal(last?.figures.lost, 0);
});
