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

await t.test('a partition is paused as long as any reason holds it', async (t) => {
  const { gate, flow } = harness();
  gate.add([0, 1, 2]);
  gate.hold('lane 0', isEven);
  gate.hold('store', always);
  t.same(flow.splice(0), ['pause 0,2', 'pause 1']);
  gate.letGo('lane 0');
  t.same(flow.splice(0), [], 'the store still holds them');
  gate.hold('lane 0', isEven);
  gate.letGo('store');
  t.same(flow.splice(0), ['resume 1']);
  gate.letGo('lane 0');
  t.same(flow.splice(0), ['resume 0,2']);
});

await t.test('holding twice for one reason is holding once', async (t) => {
  const { gate, flow } = harness();
  gate.add([0]);
  gate.hold('store', always);
  gate.hold('store', always);
  gate.letGo('store');
  gate.letGo('store');
  t.same(flow, ['pause 0', 'resume 0']);
});

await t.test('a partition that comes while it is held is paused from the start', async (t) => {
  const { gate, flow } = harness();
  gate.hold('store', always);
  t.same(flow, []);
  gate.add([3]);
  t.same(flow, ['pause 3']);
});

await t.test('a partition that went is neither resumed nor paused, and comes back afresh', async (t) => {
  const { gate, flow } = harness();
  gate.add([0, 1]);
  gate.hold('store', always);
  gate.remove([1]);
  t.notOk(gate.has(1));
  gate.letGo('store');
  t.same(flow.splice(0), ['pause 0,1', 'resume 0']);
  gate.add([1]);
  t.same(flow, [], 'whoever assigned it has resumed it');
  t.same(gate.partitions, [0, 1]);
});

await t.test('whatever comes and goes, exactly the held partitions are paused', async () => {
  const reason = fc.constantFrom('lane 0', 'lane 1', 'store', 'log');
  const concerns: Record<string, (partition: number) => boolean> = {
    'lane 0': isEven,
    'lane 1': (partition) => !isEven(partition),
    store: always,
    log: always,
  };
  const step = fc.oneof(
    fc.record({ hold: reason }),
    fc.record({ letGo: reason }),
    fc.record({ add: fc.nat(5) }),
    fc.record({ remove: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const paused = new Set<number>();
      const held = new Set<string>();
      const gate = new PartitionGate({
        pause: (partitions) => {
          for (const partition of partitions) paused.add(partition);
        },
        resume: (partitions) => {
          for (const partition of partitions) paused.delete(partition);
        },
      });
      for (const action of steps) {
        if ('hold' in action) {
          held.add(action.hold);
          gate.hold(action.hold, concerns[action.hold] ?? always);
        } else if ('letGo' in action) {
          held.delete(action.letGo);
          gate.letGo(action.letGo);
        } else if ('add' in action) {
          if (gate.has(action.add)) continue;
          paused.delete(action.add);
          gate.add([action.add]);
        } else {
          gate.remove([action.remove]);
        }
        const asItShould = gate.partitions.every(
          (partition) => paused.has(partition) === [...held].some((name) => concerns[name]?.(partition)),
        );
        if (!asItShould) return false;
      }
      return true;
    }),
  );
});
