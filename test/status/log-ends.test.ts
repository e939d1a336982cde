import t from 'tap';
import { LogEnds } from '../../src/status/log-ends.ts';

await t.test('the log is asked only for positions that it is not known to have', async (t) => {
  let asked = 0;
  const ends = new LogEnds(() => {
    asked += 1;
    return Promise.resolve([5, 0, 3]);
  });
  t.ok(await ends.include([5]));
  t.ok(await ends.include([1, 0, 3]));
  t.equal(asked, 1);
  t.notOk(await ends.include([6]));
  t.equal(asked, 2);
  ends.forget();
  t.ok(await ends.include([5]));
  t.equal(asked, 3);
});

await t.test('callers share a query, but not one that began before they asked', async (t) => {
  const answers: ((ends: number[]) => void)[] = [];
  const ends = new LogEnds(() => new Promise((resolve) => answers.push(resolve)));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const first = ends.include([1]);
  await turn();
  const others = [ends.include([2]), ends.include([2])];
  answers[0]?.([1]);
  t.ok(await first);
  await turn();
  t.equal(answers.length, 2);
  answers[1]?.([2]);
  t.same(await Promise.all(others), [true, true]);
});

await t.test('a failed query fails its callers only', async (t) => {
  let isDown = true;
  const ends = new LogEnds(() => (isDown ? Promise.reject(new Error('down')) : Promise.resolve([1])));
  await t.rejects(ends.include([1]), /down/);
  isDown = false;
  t.ok(await ends.include([1]));
});

await t.test('ends of the log before it was replaced are not taken over', async (t) => {
  let answer: (ends: number[]) => void = () => undefined;
  const ends = new LogEnds(() => new Promise((resolve) => (answer = resolve)));
  const waiting = ends.include([9]);
  await new Promise((resolve) => setImmediate(resolve));
  ends.forget();
  answer([9]);
  t.notOk(await waiting);
});
