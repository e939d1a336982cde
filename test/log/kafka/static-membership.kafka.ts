import t from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { kafkaBrokers } from '../../support/kafka-environment.ts';
import { PARTITIONS } from '../conformance/harness.ts';
import { fromCommitted, type Committed } from '../conformance/reader.ts';
import { allArrived, appendNumbered, freshSpace, keys, openLog, openReader } from '../conformance/traffic.ts';
import { kafkaOptions } from './harness.ts';

await t.test(
  'a static member gets its partitions back after a restart, without a rebalance of the others',
  async (t) => {
    const space = freshSpace();
    let assignments = 0;
    const join = async (groupInstanceId: string) => {
      const options = kafkaOptions(kafkaBrokers(), space, { groupInstanceId });
      const open = () => Promise.resolve(new KafkaEventLog(options));
      const log = await openLog(t, { open, severalMembers: true, jobs: 1 }, space);
      const from = (committed: Committed) => {
        if (groupInstanceId === 'worker-1') assignments += committed.size;
        return fromCommitted(committed);
      };
      return { log, reader: await openReader(t, log, TOPICS.commands, { commits: true, from }) };
    };
    const stays = await join('worker-1');
    const leaves = await join('worker-2');
    const [{ assigned }, { assigned: held }] = [stays.reader, leaves.reader];
    await eventually(() => held.size === PARTITIONS / 2 && assigned.size === PARTITIONS / 2, {
      what: 'the partitions to be shared',
      timeoutMs: 60_000,
    });
    const before = { kept: [...assigned].sort(), held: [...held].sort(), assignments };

    await leaves.reader.consumer.stop();
    await leaves.log.stop();
    const areMoved = () => assigned.size === PARTITIONS;
    await t.rejects(eventually(areMoved, { what: 'its partitions to be moved', timeoutMs: 3_000 }));
    const comesBack = await join('worker-2');
    const isBack = () => [...comesBack.reader.assigned].sort().join() === before.held.join();
    await eventually(isBack, { what: 'it to have its partitions again', timeoutMs: 60_000 });

    const appended = await appendNumbered(stays.log, TOPICS.commands, keys(40), 40);
    const records = () => [...stays.reader.records, ...comesBack.reader.records];
    await eventually(() => records().length >= appended.length, { what: 'both to read', timeoutMs: 60_000 });
    allArrived(t, records(), appended);
    t.same([...comesBack.reader.assigned].sort(), before.held, 'it has the same partitions');
    t.same([...assigned].sort(), before.kept, 'and so has the other member');
    t.equal(assignments, before.assignments, 'which was assigned none meanwhile');
  },
);
