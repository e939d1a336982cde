import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { CommandAppends } from '../../../src/log/kafka/command-appends.ts';
import type { Group } from '../../../src/log/kafka/group-commit.ts';
import { keyPartition } from '../../../src/log/kafka/key-partition.ts';
import { createOrderIds } from '../../../src/order/ids.ts';

const record = { topic: TOPICS.commands, key: 'one order', value: null };

function harness(leaders: number[]) {
  const sent: number[] = [];
  const groups: Group[] = [];
  const appends = new CommandAppends((slot, group) => {
    sent.push(slot);
    groups.push(group);
  });
  appends.setLeaders(leaders);
  return { appends, sent, groups };
}

await t.test('a record does not overtake an earlier one of its key when the leader changes', async (t) => {
  const { appends, sent } = harness([1, 1]);
  for (const slot of [1, 2]) {
    appends.add(slot, record);
    await setImmediate();
  }
  appends.add(3, record);
  t.same(sent, [1, 2], 'it waits: two groups are in flight');
  appends.setLeaders([2, 2]);
  appends.add(4, record);
  await setImmediate();
  t.same(sent, [1, 2, 3, 4]);
});

await t.test('the same leaders again send nothing early', async (t) => {
  const { appends, sent } = harness([1, 1]);
  for (const slot of [1, 2]) {
    appends.add(slot, record);
    await setImmediate();
  }
  appends.add(3, record);
  appends.setLeaders([1, 1]);
  t.same(sent, [1, 2]);
});

await t.test('new keys share a partition until they are sent, then another one', async (t) => {
  const { appends, groups } = harness([1, 1, 1, 1]);
  const newId = createOrderIds();
  const partitionsOf = (count: number) =>
    new Set(Array.from({ length: count }, () => keyPartition(Buffer.from(appends.newKey(newId())), 4)));
  const first = partitionsOf(20);
  t.equal(first.size, 1);
  appends.add(1, { ...record, partition: [...first][0] });
  await setImmediate();
  const second = partitionsOf(20);
  t.equal(second.size, 1);
  t.notSame(second, first);
  for (const group of groups) appends.settle(group);
});

await t.test('before the partitions are known, keys stay as they are', (t) => {
  const { appends } = harness([]);
  const id = createOrderIds()();
  t.equal(appends.newKey(id), id);
  t.end();
});
