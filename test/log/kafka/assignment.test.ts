import type { Message } from 'node-rdkafka';
import t from 'tap';
import { Assignment } from '../../../src/log/kafka/assignment.ts';

const message = (partition: number, offset: number): Message => ({
  topic: 'orders.commands',
  partition,
  offset,
  value: null,
  size: 0,
});

await t.test('only partitions that are assigned, and not being revoked, deliver records', (t) => {
  const assignment = new Assignment();
  for (const partition of [0, 1]) assignment.set(partition, { done: undefined });
  assignment.leave([1]);
  const records = assignment.recordsOf([message(0, 7), message(1, 8), message(2, 9)]);
  t.same(
    records.map(({ partition, offset }) => [partition, offset]),
    [[0, 7]],
  );
  t.equal(assignment.get(1)?.done, undefined, 'a dropped record is not counted as read');
  assignment.remove([0]);
  t.same(assignment.recordsOf([message(0, 8)]), []);
  t.end();
});
