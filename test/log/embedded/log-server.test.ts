import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { encodeAppends } from '../../../src/log/embedded/frames.ts';
import { LogServer } from '../../../src/log/embedded/log-server.ts';
import type { FromThread } from '../../../src/log/embedded/protocol.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { fileOptions } from './support.ts';

await t.test('calls before open fail, and close is harmless', async (t) => {
  const posted: FromThread[] = [];
  const server = new LogServer(fileOptions(t.testdir()), (message) => posted.push(message));
  server.receive({ kind: 'call', call: 1, method: 'describe', args: ['orders'] });
  t.match(posted, [{ kind: 'failed', call: 1, code: 'log-unavailable', message: /not open/ }]);
  server.close();
});

await t.test('replies transfer their buffers', async (t) => {
  const transferred: ArrayBuffer[][] = [];
  const server = new LogServer(fileOptions(t.testdir()), (_, transfer) => transferred.push(transfer));
  t.teardown(() => server.close());
  server.open();
  const { topics, frames } = encodeAppends([{ topic: 'orders', key: 'k', value: Buffer.of(1) }]);
  server.receive({ kind: 'call', call: 1, method: 'append', args: [topics, frames] });
  server.receive({ kind: 'call', call: 2, method: 'fetch', args: ['orders', new Map([[0, 0]])] });
  server.receive({ kind: 'call', call: 3, method: 'find', args: ['orders', 'k'] });
  server.receive({ kind: 'call', call: 4, method: 'describe', args: ['orders'] });
  t.same(
    transferred.map(({ length }) => length),
    [1, 1, 1, 0],
  );
  t.equal(transferred[0]?.[0]?.byteLength, 16);
});

await t.test('retention keeps up with groups of any size', async (t) => {
  const server = new LogServer(fileOptions(t.testdir(), { partitions: 1, retentionMs: 0 }), () => undefined);
  t.teardown(() => server.close());
  const group = Array.from({ length: 1000 }, (_, n) => ({
    topic: 'orders',
    key: `key-${n}`,
    value: Buffer.of(1),
  }));
  let end = 0;
  const appendAndConsume = () => {
    const { topics, frames } = encodeAppends(group);
    server.append(topics, frames);
    end += group.length;
    server.commit('orders', new Map([[0, end]]));
  };
  const start = () => server.describe('orders')[0]?.start ?? 0;
  server.open();
  appendAndConsume();
  await eventually(() => start() > 0, { what: 'the first records to be deleted' });
  for (let round = 0; round < 150; round++) {
    appendAndConsume();
    await nextTurn();
  }
  t.ok(end - start() < 50_000, `${end - start()} of ${end} records are left`);
  await eventually(() => start() === end, { what: 'the last record to be deleted' });
});
