import fc from 'fast-check';
import t from 'tap';
import { PartitionGate } from '../../src/pipeline/partition-gate.ts';

function harness() {
  const flow: string[] = [];
  const gate = new PartitionGate({
    pause: (partitions) => flow.push(`pause ${partitions.join()}`),
    resume: (partitions) => flow.push(`resume ${partitions.join()}`),
  });
  return { gate, flow };
}

const isEven = (partition: number) => partition % 2 === 0;
const always = () => true;

await t.test('a partition is paused as long as any reason applies', async (t) => {
  const { gate, flow } = harness();
  gate.add([0, 1, 2]);
  gate.pause('lane 0', isEven);
  gate.pause('store', always);
  t.same(flow.splice(0), ['pause 0,2', 'pause 1']);
  gate.resume('lane 0');
  t.same(flow.splice(0), [], 'the store still keeps them paused');
  gate.pause('lane 0', isEven);
  gate.resume('store');
  t.same(flow.splice(0), ['resume 1']);
  gate.resume('lane 0');
  t.same(flow.splice(0), ['resume 0,2']);
});

await t.test('pausing twice for one reason needs one resume', async (t) => {
  const { gate, flow } = harness();
  gate.add([0]);
  gate.pause('store', always);
  gate.pause('store', always);
  gate.resume('store');
  gate.resume('store');
  t.same(flow, ['pause 0', 'resume 0']);
});

await t.test('a partition assigned while a reason applies is paused from the start', async (t) => {
  const { gate, flow } = harness();
  gate.pause('store', always);
  t.same(flow, []);
  gate.add([3]);
  t.same(flow, ['pause 3']);
});

await t.test(
  'a removed partition is neither paused nor resumed, and starts unpaused when it comes back',
  async (t) => {
    const { gate, flow } = harness();
    gate.add([0, 1]);
    gate.pause('store', always);
    gate.remove([1]);
    t.notOk(gate.has(1));
    gate.resume('store');
    t.same(flow.splice(0), ['pause 0,1', 'resume 0']);
    gate.add([1]);
    t.same(flow, [], 'an assignment starts unpaused');
    t.ok(gate.has(0) && gate.has(1));
  },
);

await t.test('after any sequence of changes, exactly the partitions with a reason are paused', async () => {
  const reason = fc.constantFrom('lane 0', 'lane 1', 'store', 'log');
  const filters: Record<string, (partition: number) => boolean> = {
    'lane 0': isEven,
    'lane 1': (partition) => !isEven(partition),
    store: always,
    log: always,
  };
  const step = fc.oneof(
    fc.record({ pause: reason }),
    fc.record({ resume: reason }),
    fc.record({ add: fc.nat(5) }),
    fc.record({ remove: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const paused = new Set<number>();
      const reasons = new Set<string>();
      const gate = new PartitionGate({
        pause: (partitions) => {
          for (const partition of partitions) paused.add(partition);
        },
        resume: (partitions) => {
          for (const partition of partitions) paused.delete(partition);
        },
      });
      for (const action of steps) {
        if ('pause' in action) {
          reasons.add(action.pause);
          gate.pause(action.pause, filters[action.pause] ?? always);
        } else if ('resume' in action) {
          reasons.delete(action.resume);
          gate.resume(action.resume);
        } else if ('add' in action) {
          if (gate.has(action.add)) continue;
          paused.delete(action.add);
          gate.add([action.add]);
        } else {
          gate.remove([action.remove]);
        }
        const isRight = [0, 1, 2, 3, 4, 5]
          .filter((partition) => gate.has(partition))
          .every(
            (partition) => paused.has(partition) === [...reasons].some((name) => filters[name]?.(partition)),
          );
        if (!isRight) return false;
      }
      return true;
    }),
  );
});
