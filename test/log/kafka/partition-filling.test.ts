import fc from 'fast-check';
import t from 'tap';
import { NO_LEADER, PartitionFilling } from '../../../src/log/kafka/partition-filling.ts';

function take(filling: PartitionFilling, count: number): number[] {
  return Array.from({ length: count }, () => filling.take());
}

await t.test('records get one partition until they are on their way', async (t) => {
  const filling = new PartitionFilling(() => true);
  filling.setLeaders([1, 1, 1, 1]);
  const [first = -1, ...others] = take(filling, 10);
  t.ok(others.every((partition) => partition === first));
  filling.sent(2);
  t.equal(filling.take(), first, 'those of another broker do not matter');
  filling.sent(1);
  t.not(filling.take(), first);
});

await t.test('all partitions get the same share, whatever the sizes of the groups', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 48 }),
      fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 2_000, maxLength: 2_000 }),
      (partitions, sizes) => {
        const filling = new PartitionFilling(() => true);
        filling.setLeaders(Array<number>(partitions).fill(1));
        const counts = Array<number>(partitions).fill(0);
        for (const size of sizes) {
          for (const partition of take(filling, size)) counts[partition] = (counts[partition] ?? 0) + 1;
          filling.sent(1);
        }
        return Math.max(...counts) - Math.min(...counts) <= 64;
      },
    ),
    { numRuns: 20 },
  );
});

await t.test('while its leader is busy, records get a partition of another broker', async (t) => {
  const busy = new Set<number>();
  const filling = new PartitionFilling((broker) => !busy.has(broker));
  filling.setLeaders([1, 2, 1, 2]);
  busy.add(1);
  t.ok(take(filling, 20).every((partition) => filling.leader(partition) === 2));
  busy.add(2);
  const [first = -1, ...others] = take(filling, 20);
  t.ok(
    others.every((partition) => partition === first),
    'when all are busy, it stays',
  );
});

await t.test('partitions that were passed over do not get more than the others later', async (t) => {
  const busy = new Set([1]);
  const filling = new PartitionFilling((broker) => !busy.has(broker));
  filling.setLeaders([1, 2]);
  for (let group = 0; group < 100; group += 1) {
    take(filling, 10);
    filling.sent(2);
  }
  busy.clear();
  const counts = [0, 0];
  for (let group = 0; group < 100; group += 1) {
    for (const partition of take(filling, 10)) counts[partition] = (counts[partition] ?? 0) + 1;
    filling.sent(1);
    filling.sent(2);
  }
  t.ok(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0)) <= 20, counts.join(', '));
});

await t.test('a partition without a leader gets nothing, if there is another', async (t) => {
  const filling = new PartitionFilling(() => true);
  filling.setLeaders([NO_LEADER, 1, NO_LEADER]);
  filling.sent(NO_LEADER);
  t.equal(filling.take(), 1);
  filling.setLeaders([NO_LEADER, NO_LEADER]);
  t.ok(filling.take() < 2, 'without any leader, any will do');
});

await t.test('a partition that is added gets its share, not more', async (t) => {
  const filling = new PartitionFilling(() => true);
  filling.setLeaders([1]);
  take(filling, 1_000);
  filling.sent(1);
  filling.setLeaders([1, 1]);
  const counts = [0, 0];
  for (let group = 0; group < 50; group += 1) {
    for (const partition of take(filling, 10)) counts[partition] = (counts[partition] ?? 0) + 1;
    filling.sent(1);
  }
  t.ok(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0)) <= 20, counts.join(', '));
});
