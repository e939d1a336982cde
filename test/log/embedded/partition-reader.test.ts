import t, { type Test } from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import { LogClient } from '../../../src/log/embedded/log-client.ts';
import { PartitionReader } from '../../../src/log/embedded/partition-reader.ts';
import type { Arguments, Method, Reply } from '../../../src/log/embedded/protocol.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { fileOptions, record } from './support.ts';

class CountingClient extends LogClient {
  fetches = 0;

  override call<M extends Method>(
    method: M,
    args: Arguments<M>,
    transfer?: ArrayBuffer[],
  ): Promise<Reply<M>> {
    if (method === 'fetch') this.fetches += 1;
    return super.call(method, args, transfer);
  }
}

/** A reader of the only partition of `orders`, which holds one record. */
async function startReader(t: Test) {
  const threadEntry = new URL('../../../src/log/embedded/log-thread.js', import.meta.url);
  const client = new CountingClient(fileOptions(t.testdir(), { partitions: 1 }), threadEntry);
  await client.start();
  t.teardown(() => client.stop());
  await client.append([record('a')]);
  const records: LogRecord[] = [];
  const reader = new PartitionReader(client, 'orders', {
    onRecords: (more) => void records.push(...more),
    onFailed: (error) => t.fail(error.message),
  });
  reader.start(new Map([[0, 0]]), [1]);
  t.teardown(() => reader.stop());
  await eventually(() => records.length === 1, { what: 'the first record' });
  return { client, reader, records };
}

await t.test('at the end of the log a reader waits for an append to its topic', async (t) => {
  const { client, records } = await startReader(t);
  t.equal(client.fetches, 1);
  await client.append([{ ...record('b'), topic: 'others' }]);
  t.equal(client.fetches, 1, 'another topic does not concern it');
  await client.append([record('c')]);
  t.equal(client.fetches, 2);
  await eventually(() => records.length === 2, { what: 'the second record' });
});

await t.test('a paused reader fetches nothing, and continues when it is resumed', async (t) => {
  const { client, reader, records } = await startReader(t);
  reader.pause([0]);
  await client.append([record('b')]);
  t.equal(client.fetches, 1);
  reader.resume([0]);
  t.equal(client.fetches, 2);
  await eventually(() => records.length === 2, { what: 'the second record' });
});

await t.test('an append during a fetch is not missed', async (t) => {
  const { client, records } = await startReader(t);
  for (let round = 0; round < 200; round++) {
    await Promise.all([client.append([record('b')]), client.append([record('c')])]);
  }
  await eventually(() => records.length === 401, { what: 'all records' });
});
