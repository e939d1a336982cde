import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { LogFile } from '../../../src/log/embedded/log-file.ts';
import { LogServer } from '../../../src/log/embedded/log-server.ts';
import type { FromThread } from '../../../src/log/embedded/protocol.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { append, fileOptions, openLog } from './support.ts';

/** A closed log of one consumed record that is overwritten on the disk. */
function damagedLog(dataDirectory: string): void {
  const options = fileOptions(dataDirectory, { partitions: 1 });
  const file = new LogFile(options);
  append(file, 'orders', [['a key', 'needle']], 1000);
  file.commit('orders', new Map([[0, 1]]));
  file.close();
  const bytes = readFileSync(options.file);
  bytes.fill(0xff, bytes.indexOf('a keyneedle') - 8, bytes.indexOf('a keyneedle'));
  writeFileSync(options.file, bytes);
}

await t.test('a damaged record ends the consumer that meets it and says why', async (t) => {
  const dataDirectory = t.testdir();
  damagedLog(dataDirectory);
  const log = await openLog(t, { dataDirectory });
  const failures: Error[] = [];
  const consumer = log.consumer('orders', {
    onAssigned: () => Promise.resolve(new Map([[0, 'earliest']])),
    onRevoked: () => Promise.resolve(),
    onRecords: () => t.fail('there is no record that can be read'),
    onFailed: (error) => void failures.push(error),
  });
  await consumer.start();
  await eventually(() => failures.length > 0, { what: 'the failure' });
  await consumer.stop();
  t.match(failures, [{ code: 'log-unavailable', message: /partition 0 is damaged at offset 0/ }]);
});

await t.test('retention that meets a damaged record drops nothing and tells it as a fault', async (t) => {
  const dataDirectory = t.testdir();
  damagedLog(dataDirectory);
  const posted: FromThread[] = [];
  const options = fileOptions(dataDirectory, { partitions: 1, retentionMs: 200 });
  const server = new LogServer(options, (message) => posted.push(message));
  t.teardown(() => server.close());
  server.receive({ kind: 'open', call: 1, body: null });
  const faults = () => posted.filter((message) => message.kind === 'health' && message.fault !== undefined);
  await eventually(() => faults().length > 0, { what: 'the fault' });
  server.receive({ kind: 'describe', call: 2, body: { topic: 'orders' } });
  t.match(posted.at(-1), { reply: [{ start: 0, end: 1 }] });
});
