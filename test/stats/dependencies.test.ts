import t from 'tap';
import { AnswerWatch } from '../../src/stats/dependencies.ts';

function harness() {
  let now = 0;
  return { watch: new AnswerWatch(() => now), pass: (ms: number) => (now += ms) };
}

const never = () => new Promise<never>(() => undefined);

await t.test(
  'a dependency is up before the first question, and down from a failure until an answer',
  async (t) => {
    const { watch, pass } = harness();
    pass(100_000);
    t.equal(watch.state, 'up');
    await t.rejects(watch.ask(() => Promise.reject(new Error('away'))));
    t.equal(watch.state, 'down');
    t.equal(await watch.ask(() => Promise.resolve(7)), 7);
    t.equal(watch.state, 'up');
    pass(100_000);
    t.equal(watch.state, 'up', 'it was not asked since');
  },
);

await t.test('a dependency that is silent is down after three seconds', (t) => {
  const { watch, pass } = harness();
  watch.ask(never).catch(() => t.fail('it does not fail'));
  t.ok(watch.isWaiting);
  pass(2_999);
  t.equal(watch.state, 'up');
  pass(1);
  t.equal(watch.state, 'down');
  watch.noteAnswer();
  t.equal(watch.state, 'up', 'it answers something else');
  pass(3_000);
  t.equal(watch.state, 'down');
  t.end();
});
