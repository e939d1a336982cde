import t from 'tap';
import { Restarts } from '../../../src/app/processes/restarts.ts';

const policy = { baseMs: 100, factor: 2, capMs: 300, maxFailures: 5, stableMs: 1_000 };
const longest = () => 1;

await t.test(
  'pauses grow up to their cap, and the process is given up after five ends in a row',
  async (t) => {
    const restarts = new Restarts(policy, longest);
    const pauses = Array.from({ length: 5 }, () => restarts.pauseAfterEnd(999));
    t.same(pauses, [100, 200, 300, 300, undefined]);
  },
);

await t.test('a process that served for long enough begins again with the first pause', async (t) => {
  const restarts = new Restarts(policy, longest);
  for (let end = 0; end < 4; end += 1) restarts.pauseAfterEnd(0);
  t.equal(restarts.pauseAfterEnd(1_000), 100);
  t.equal(restarts.pauseAfterEnd(0), 200);
});
