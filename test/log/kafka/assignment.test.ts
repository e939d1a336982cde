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

const noJump = () => {
  throw new Error('Records are missing.');
};

await t.test('only partitions that are assigned, and not being revoked, deliver records', (t) => {
  const assignment = new Assignment();
  for (const partition of [0, 1]) assignment.set(partition, { done: undefined, next: undefined });
  assignment.leave([1]);
  const records = assignment.recordsOf([message(0, 7), message(1, 8), message(2, 9)], noJump);
  t.same(
    records.map(({ partition, offset }) => [partition, offset]),
    [[0, 7]],
  );
  t.equal(assignment.get(1)?.done, undefined, 'a dropped record is not counted as read');
  assignment.remove([0]);
  t.same(assignment.recordsOf([message(0, 8)], noJump), []);
  t.end();
});

await t.test('a record that is not the next one is reported', (t) => {
  const assignment = new Assignment();
  assignment.set(0, { done: 5, next: 6 });
  assignment.set(1, { done: undefined, next: undefined });
  const jumps: unknown[] = [];
  const messages = [
    message(0, 6),
    message(0, 7),
    message(0, 9),
    message(0, 10),
    message(1, 3),
    message(1, 2),
  ];
  t.equal(assignment.recordsOf(messages, (jump) => jumps.push(jump)).length, messages.length);
  t.same(jumps, [
    { partition: 0, expected: 8, arrived: 9 },
    { partition: 1, expected: 4, arrived: 2 },
  ]);
  t.end();
});
