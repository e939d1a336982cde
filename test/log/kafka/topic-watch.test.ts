import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import t from 'tap';
import { UNKNOWN_OFFSET } from '../../../src/base/position.ts';
import { FollowedOffsets } from '../../../src/log/kafka/followed-offsets.ts';
import { TopicWatch } from '../../../src/log/kafka/topic-watch.ts';

function topicWatch() {
  const lines = new PassThrough();
  const topics = [
    { name: 'commands', mustKeepRecords: true },
    { name: 'status', mustKeepRecords: false },
  ];
  const watch = new TopicWatch(topics, pino({ level: 'error' }, lines));
  return {
    watch,
    errors: () =>
      String(lines.read() ?? '')
        .split('\n')
        .filter((line) => line !== ''),
  };
}

await t.test('a missing topic is named, and reported once, until it exists again', async (t) => {
  const { watch, errors } = topicWatch();
  watch.see('status', [0], []);
  t.equal(watch.problem(), undefined);
  watch.seeMissing('status');
  t.equal(watch.problem(), undefined, 'one answer may be wrong');
  t.ok(watch.isInDoubt('status'));
  t.ok(watch.isInDoubt());
  t.notOk(watch.isInDoubt('commands'));
  watch.seeMissing('status');
  watch.seeMissing('status');
  t.notOk(watch.isInDoubt('status'));
  t.match(watch.problem(), /no topic status/);
  t.match(watch.problem('status'), /no topic status/);
  t.equal(watch.problem('commands'), undefined, 'other topics can be used');
  t.equal(errors().length, 1);
  watch.see('status', [0], []);
  t.equal(watch.problem(), undefined);
});

await t.test('a topic that was missing for a moment, but has all its records, can be used', async (t) => {
  const { watch } = topicWatch();
  t.ok(watch.acknowledge('commands', { partition: 1, offset: 6 }));
  watch.seeMissing('commands');
  const acknowledged = watch.acknowledged('commands');
  t.ok(watch.acknowledge('commands', { partition: 1, offset: 7 }), 'after the ends are read');
  watch.see('commands', [0, 7], acknowledged);
  t.equal(watch.problem(), undefined);
  t.notOk(watch.isInDoubt());
});

await t.test('a topic that was created again stays refused, although it grows', async (t) => {
  const { watch, errors } = topicWatch();
  watch.acknowledge('commands', { partition: 1, offset: 6 });
  watch.seeMissing('commands');
  watch.see('commands', [0, 6], watch.acknowledged('commands'));
  watch.see('commands', [99, 99], watch.acknowledged('commands'));
  t.match(watch.problem('commands'), /commands\/1 ends at offset 6.*up to offset 7/s);
  t.equal(errors().length, 1);
});

await t.test(
  'an acknowledged offset that goes back shows a topic that was created again unseen',
  async (t) => {
    const { watch, errors } = topicWatch();
    t.ok(watch.acknowledge('commands', { partition: 0, offset: 5 }));
    t.ok(watch.acknowledge('commands', { partition: 1, offset: 0 }));
    t.ok(watch.acknowledge('commands', { partition: 0, offset: 6 }));
    t.notOk(watch.acknowledge('commands', { partition: 0, offset: 0 }));
    t.match(watch.problem(), /created again/);
    t.equal(errors().length, 1);
    t.ok(watch.acknowledge('status', { partition: 0, offset: 5 }));
    t.ok(watch.acknowledge('status', { partition: 0, offset: 0 }), 'statuses are published again anyway');
  },
);

await t.test('an acknowledgement without an offset says nothing about the topic', async (t) => {
  const { watch, errors } = topicWatch();
  watch.acknowledge('commands', { partition: 0, offset: 5 });
  t.ok(watch.acknowledge('commands', { partition: 0, offset: UNKNOWN_OFFSET }));
  t.ok(watch.acknowledge('commands', { partition: 0, offset: 6 }));
  t.equal(watch.problem(), undefined);
  t.equal(errors().length, 0);
});

await t.test('a follower tells lost records from the gaps of compaction and transactions', async (t) => {
  const offsets = new FollowedOffsets();
  offsets.add(new Map([[0, 5]]));
  const retained = (lowOffset: number) => () => ({ lowOffset, highOffset: 99 });
  t.equal(offsets.read(0, 5, retained(0)), undefined);
  t.equal(offsets.read(0, 8, retained(0)), undefined, 'a gap');
  t.same(offsets.read(0, 12, retained(12)), { why: 'records-deleted', partition: 0, expected: 9, found: 12 });
  t.same(offsets.read(0, 3, retained(0)), { why: 'new-topic', partition: 0, expected: 9, found: 3 });
});

await t.test(
  'a follower takes lower ends for a new topic only if the broker confirms them twice',
  async (t) => {
    const offsets = new FollowedOffsets();
    offsets.add(
      new Map([
        [0, 5],
        [1, 9],
      ]),
    );
    const look = (fetched: number, queried: number) =>
      offsets.lossByEnds(
        (partition) => (partition === 1 ? fetched : 5),
        (partition) => Promise.resolve(partition === 1 ? queried : 0),
      );
    t.equal(await look(-1, 0), undefined, 'an unknown end');
    t.equal(await look(9, 0), undefined);
    t.equal(await look(8, 9), undefined, 'an old answer of another leader');
    t.equal(await look(8, 8), undefined, 'a leader that may learn the end soon');
    t.equal(await look(8, 9), undefined, 'it has learned it');
    t.equal(await look(8, 8), undefined);
    t.same(await look(8, 7), { why: 'new-topic', partition: 1, expected: 9, found: 7 });
  },
);
