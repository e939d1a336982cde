import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { LogFile } from '../../../src/log/embedded/log-file.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { append, fileOptions, openLog } from './support.ts';

/** A closed log with one consumed record, overwritten on disk. */
function corruptLog(dataDirectory: string): void {
  const options = fileOptions(dataDirectory, { partitions: 1 });
  const file = new LogFile(options);
  append(file, 'orders', [['a key', 'needle']], 1000);
  file.commit('orders', new Map([[0, 1]]));
  file.close();
  const bytes = readFileSync(options.file);
  bytes.fill(0xff, bytes.indexOf('a keyneedle') - 8, bytes.indexOf('a keyneedle'));
  writeFileSync(options.file, bytes);
}

await t.test('a corrupt record ends its consumer, with the reason', async (t) => {
  const dataDirectory = t.testdir();
  corruptLog(dataDirectory);
  const log = await openLog(t, { dataDirectory });
  const failures: Error[] = [];
  const consumer = log.consumer('orders', {
    onAssigned: () => Promise.resolve(new Map([[0, 'earliest']])),
    onRevoked: () => Promise.resolve(),
    onRecords: () => t.fail('no record is readable'),
    onFailed: (error) => void failures.push(error),
  });
  await consumer.start();
  await eventually(() => failures.length > 0, { what: 'the failure' });
  await consumer.stop();
  t.match(failures, [{ code: 'log-unavailable', message: /partition 0 is corrupt at offset 0/ }]);
});

await t.test('retention stops at a corrupt record and reports a readiness problem', async (t) => {
  const dataDirectory = t.testdir();
  corruptLog(dataDirectory);
  const log = await openLog(t, { dataDirectory, partitions: 1, retentionMs: 200 });
  await eventually(() => log.readinessProblem() !== undefined, { what: 'the problem' });
  t.match(log.readinessProblem(), /partition 0 is corrupt at offset 0/);
  t.same(await log.ends('orders'), [1]);
  const follower = await log.follow('orders', () => undefined, {
    backlog: 10,
    onStart: (positions) => t.same(positions, new Map([[0, 0]]), 'nothing is deleted'),
  });
  await follower.stop();
});
