import t from 'tap';
import { WorkGate } from '../../src/base/work-gate.ts';

/** Work that runs until the test ends it. */
function harness() {
  const gate = new WorkGate();
  const running: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, isolated = false) =>
    gate.run(isolated, async () => {
      running.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      running.splice(running.indexOf(name), 1);
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { gate, running, run, end };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

await t.test('work runs side by side, except isolated work', async (t) => {
  const { running, run, end } = harness();
  const all = [run('a'), run('b'), run('isolated', true), run('c'), run('d')];
  await turn();
  t.same(running, ['a', 'b'], 'nothing overtakes what waits to run isolated');
  await end('a');
  t.same(running, ['b']);
  await end('b');
  t.same(running, ['isolated']);
  await end('isolated');
  t.same(running, ['c', 'd']);
  await end('c');
  await end('d');
  await Promise.all(all);
});

await t.test('work that fails lets the next run', async (t) => {
  const { gate, running, run, end } = harness();
  await t.rejects(
    gate.run(true, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  const next = run('next');
  await turn();
  t.same(running, ['next']);
  await end('next');
  await next;
});
