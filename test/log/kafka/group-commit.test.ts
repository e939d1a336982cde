import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import t from 'tap';
import { type Group, GroupCommit, MAX_WAIT_MS } from '../../../src/log/kafka/group-commit.ts';

function harness() {
  const groups: { group: Group; slots: number[] }[] = [];
  const brokers: number[] = [];
  const clock = { now: 0 };
  const commit = new GroupCommit(
    (slot, group) => {
      const last = groups.at(-1);
      if (last?.group === group) last.slots.push(slot);
      else groups.push({ group, slots: [slot] });
    },
    (broker) => brokers.push(broker),
    () => clock.now,
  );
  const settle = (index: number) => {
    const found = groups[index];
    if (found !== undefined) found.slots.forEach(() => commit.settle(found.group));
  };
  return { commit, groups, brokers, clock, settle, sent: () => groups.map(({ slots }) => slots) };
}

await t.test('the records of one turn of the event loop are sent together', async (t) => {
  const { commit, sent, brokers } = harness();
  commit.add(1, 7);
  await Promise.resolve();
  commit.add(2, 7);
  t.same(sent(), []);
  await setImmediate();
  t.same(sent(), [[1, 2]]);
  t.same(brokers, [7]);
});

await t.test(
  'while a group is in flight, records wait until they are as many, or it is acknowledged',
  async (t) => {
    const { commit, sent, settle } = harness();
    for (const slot of [1, 2]) commit.add(slot, 0);
    await setImmediate();
    t.notOk(commit.isIdle(0));
    commit.add(3, 0);
    await setImmediate();
    t.same(sent(), [[1, 2]], 'one is fewer than two');
    commit.add(4, 0);
    await setImmediate();
    t.same(
      sent(),
      [
        [1, 2],
        [3, 4],
      ],
      'two go out beside two',
    );
    for (const slot of [5, 6, 7]) commit.add(slot, 0);
    await setImmediate();
    t.equal(sent().length, 2, 'there is no third group');
    settle(1);
    t.same(sent().at(-1), [5, 6, 7], 'at once');
    settle(0);
    settle(2);
    t.ok(commit.isIdle(0));
    t.equal(sent().length, 3, 'nothing waits');
  },
);

await t.test('a record that comes alone does not wait for another one', async (t) => {
  const { commit, sent } = harness();
  for (const slot of [1, 2]) {
    commit.add(slot, 0);
    await setImmediate();
  }
  t.same(sent(), [[1], [2]]);
});

await t.test('a group ends with its last record', async (t) => {
  const { commit, groups, sent } = harness();
  commit.add(1, 0);
  commit.add(2, 0);
  await setImmediate();
  commit.add(3, 0);
  const [first] = groups;
  if (first === undefined) throw new Error('Nothing was sent.');
  commit.settle(first.group);
  t.same(sent(), [[1, 2]]);
  commit.settle(first.group);
  t.same(sent(), [[1, 2], [3]]);
});

await t.test('a broker that does not acknowledge does not hold up the records of another', async (t) => {
  const { commit, sent } = harness();
  for (const slot of [1, 2, 3]) {
    commit.add(slot, 0);
    await setImmediate();
  }
  commit.add(4, 1);
  await setImmediate();
  t.same(sent(), [[1], [2], [4]]);
});

await t.test('a slow broker gets the next group after a while', async (t) => {
  const { commit, sent, clock } = harness();
  for (const slot of [1, 2, 3]) {
    commit.add(slot, 0);
    await setImmediate();
  }
  clock.now = MAX_WAIT_MS;
  commit.sendOverdue();
  t.same(sent(), [[1], [2]]);
  clock.now += 1;
  commit.sendOverdue();
  t.same(sent(), [[1], [2], [3]]);
});

await t.test('sendAll() leaves nothing that waits', async (t) => {
  const { commit, sent } = harness();
  commit.add(1, 0);
  commit.add(2, 1);
  commit.sendAll();
  t.same(sent(), [[1], [2]]);
  await setImmediate();
  t.equal(sent().length, 2);
});

await t.test('whatever happens, each record is sent once, and in order within its broker', async (t) => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ add: fc.nat(2) }) },
    { weight: 2, arbitrary: fc.record({ settle: fc.nat(9) }) },
    fc.record({ pass: fc.constantFrom(10, MAX_WAIT_MS) }),
    fc.constant('turn' as const),
    fc.constant('all' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const sent: number[][] = [[], [], []];
      const added: number[][] = [[], [], []];
      const inFlight: Group[] = [];
      const clock = { now: 0 };
      const brokerOf = new Map<number, number>();
      const commit = new GroupCommit(
        (slot, group) => {
          sent[brokerOf.get(slot) ?? -1]?.push(slot);
          inFlight.push(group);
        },
        () => undefined,
        () => clock.now,
      );
      for (const [slot, step] of steps.entries()) {
        if (step === 'turn') await setImmediate();
        else if (step === 'all') commit.sendAll();
        else if ('add' in step) {
          brokerOf.set(slot, step.add);
          added[step.add]?.push(slot);
          commit.add(slot, step.add);
        } else if ('settle' in step)
          for (const group of inFlight.splice(0, step.settle)) commit.settle(group);
        else {
          clock.now += step.pass;
          commit.sendOverdue();
        }
      }
      await setImmediate();
      for (let group = inFlight.shift(); group !== undefined; group = inFlight.shift()) commit.settle(group);
      t.same(sent, added);
    }),
    { numRuns: 300 },
  );
});
