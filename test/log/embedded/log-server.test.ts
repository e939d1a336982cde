import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { encodeAppends } from '../../../src/log/embedded/frames.ts';
import { LogServer } from '../../../src/log/embedded/log-server.ts';
import type { FromThread, PartitionState } from '../../../src/log/embedded/protocol.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { fileOptions } from './support.ts';

await t.test('calls before the file is open fail, and closing it then is nothing', async (t) => {
  const posted: FromThread[] = [];
  const server = new LogServer(fileOptions(t.testdir()), (message) => posted.push(message));
  server.receive({ kind: 'describe', call: 1, body: { topic: 'orders' } });
  t.match(posted, [{ kind: 'failed', call: 1, failure: { code: 'log-unavailable', detail: /not open/ } }]);
  server.close();
});

await t.test(
  'a fetch that finds nothing waits for an append to its topic, or until it is woken',
  async (t) => {
    const posted: FromThread[] = [];
    const server = new LogServer(fileOptions(t.testdir()), (message) => posted.push(message));
    t.teardown(() => server.close());
    const fetch = (call: number, reader: number, topic: string) => {
      const positions = new Map([0, 1, 2, 3].map((partition) => [partition, 0]));
      server.receive({
        kind: 'fetch',
        call,
        body: { reader, topic, positions, maxRecords: 10, maxBytes: 1000 },
      });
    };
    const answered = () => posted.splice(0).map((message) => 'call' in message && message.call);
    server.receive({ kind: 'open', call: 1, body: null });
    fetch(2, 1, 'orders');
    fetch(3, 2, 'others');
    t.same(answered(), [1]);
    server.receive({
      kind: 'append',
      call: 4,
      body: encodeAppends([{ topic: 'orders', key: 'k', value: Buffer.of(1) }]),
    });
    t.same(answered(), [4, 2], 'the append is acknowledged before it is read');
    server.receive({ kind: 'wake', reader: 2 });
    t.match(posted, [{ kind: 'done', call: 3, reply: { batch: { length: 0 }, ends: [0, 0, 0, 0] } }]);
    t.same(answered(), [3]);
    server.receive({ kind: 'wake', reader: 2 });
    t.same(answered(), []);
  },
);

await t.test(
  'an append to a partition that a waiting fetch has paused ends, and leaves it waiting',
  async (t) => {
    const posted: FromThread[] = [];
    const server = new LogServer(fileOptions(t.testdir()), (message) => posted.push(message));
    t.teardown(() => server.close());
    const append = (call: number) => {
      server.receive({
        kind: 'append',
        call,
        body: encodeAppends([{ topic: 'orders', key: 'k', value: Buffer.of(1) }]),
      });
      const reply = posted.flatMap((message) =>
        'call' in message && message.call === call ? [message] : [],
      )[0];
      return reply?.kind === 'done' && reply.reply instanceof Float64Array ? (reply.reply[0] ?? -1) : -1;
    };
    server.receive({ kind: 'open', call: 1, body: null });
    const partition = append(2);
    const others = [0, 1, 2, 3].filter((other) => other !== partition);
    server.receive({
      kind: 'fetch',
      call: 3,
      body: {
        reader: 1,
        topic: 'orders',
        positions: new Map(others.map((other) => [other, 0])),
        maxRecords: 10,
        maxBytes: 1000,
      },
    });
    t.equal(append(4), partition);
    t.notOk(
      posted.some((message) => 'call' in message && message.call === 3),
      'there is nothing for it',
    );
    server.receive({ kind: 'wake', reader: 1 });
    t.match(posted.at(-1), { kind: 'done', call: 3 });
  },
);

await t.test('retention keeps up with groups of any size', async (t) => {
  let partition: PartitionState | undefined;
  const server = new LogServer(fileOptions(t.testdir(), { partitions: 1, retentionMs: 0 }), (message) => {
    if (message.kind === 'done' && Array.isArray(message.reply)) partition = message.reply[0];
  });
  t.teardown(() => server.close());
  const group = Array.from({ length: 1000 }, (_, n) => ({
    topic: 'orders',
    key: `key-${n}`,
    value: Buffer.of(1),
  }));
  let end = 0;
  const appendAndConsume = () => {
    server.receive({ kind: 'append', call: 0, body: encodeAppends(group) });
    end += group.length;
    server.receive({ kind: 'commit', call: 0, body: { topic: 'orders', nextOffsets: new Map([[0, end]]) } });
  };
  const start = () => {
    server.receive({ kind: 'describe', call: 0, body: { topic: 'orders' } });
    return partition?.start ?? 0;
  };
  server.receive({ kind: 'open', call: 0, body: null });
  appendAndConsume();
  await eventually(() => start() > 0, { what: 'the first records to be dropped' });
  for (let round = 0; round < 150; round++) {
    appendAndConsume();
    await nextTurn();
  }
  t.ok(end - start() < 50_000, `${end - start()} of ${end} records are left`);
  await eventually(() => start() === end, { what: 'the last record to be dropped' });
});
