import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import t from 'tap';
import { createLogger } from '../../../src/base/logger.ts';
import { createMetrics } from '../../../src/base/metrics.ts';
import { Database } from '../../../src/base/sqlite.ts';
import { encodeAppends } from '../../../src/log/embedded/frames.ts';
import { LogFile } from '../../../src/log/embedded/log-file.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { append, fileOptions, handlers, openFile, openLog, readAll } from './support.ts';

/** Flips one bit in front of the text. */
function flipBit(file: string, text: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(text) - 1;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
}

/** A closed log with a corrupt chunk at offset 0, followed by intact ones. Everything up to `consumed` is consumed. */
function corruptLog(dataDirectory: string, consumed: number): void {
  const options = fileOptions(dataDirectory, { partitions: 1 });
  const file = new LogFile(options);
  for (const key of ['corrupt', 'intact', 'last']) append(file, 'orders', [[key, `needle-${key}`]], 1000);
  file.commit('orders', new Map([[0, consumed]]));
  file.close();
  flipBit(options.file, 'needle-corrupt');
}

await t.test('a corrupt record that is still needed ends its consumer, with the reason', async (t) => {
  const dataDirectory = t.testdir();
  corruptLog(dataDirectory, 0);
  const log = await openLog(t, { dataDirectory, partitions: 1, retentionMs: 50 });
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

await t.test('a record that cannot be decoded is corrupt, even if its checksum matches', async (t) => {
  for (const [what, damage] of [
    ['headers', (body: Buffer) => body.fill('x', body.indexOf('{"a"'))],
    ['length of the value', (body: Buffer) => void body.writeUInt32LE(1000, 4)],
    ['end', (body: Buffer) => body.subarray(0, -2)],
  ] as const) {
    const dataDirectory = t.testdir({});
    const options = fileOptions(dataDirectory, { partitions: 1 });
    const file = new LogFile(options);
    const headers = { a: '1' };
    const { topics, frames } = encodeAppends([
      { topic: 'orders', key: 'first', value: Buffer.from('intact') },
      { topic: 'orders', key: 'key', value: Buffer.from('value'), headers },
    ]);
    file.append(topics, frames, Date.now());
    file.close();
    const db = new Database(options.file);
    const body = db.prepare<[], Buffer>('SELECT body FROM chunks').pluck().get() as Buffer;
    const record = body.subarray(body.indexOf('key') - 12);
    const damaged = Buffer.concat([body.subarray(0, -record.length), damage(record) ?? record]);
    db.prepare('UPDATE chunks SET body = ?, checksum = ?').run(damaged, crc32(damaged));
    db.close();

    const log = await openLog(t, { dataDirectory, partitions: 1 });
    const { seen, all } = handlers();
    const consumer = log.consumer('orders', all);
    await consumer.start();
    await eventually(() => seen.failures.length > 0, { what: 'the failure' });
    await consumer.stop();
    const corrupt = { code: 'log-unavailable', message: /partition 0 is corrupt at offset 1; restore/ };
    t.match(seen.failures, [corrupt], what);
    await t.rejects(log.find('orders', 'key'), corrupt, what);
    await log.stop();
  }
});

await t.test('a corrupt record that was consumed is deleted like any other, and reported', async (t) => {
  const dataDirectory = t.testdir();
  corruptLog(dataDirectory, 2);
  const lines: string[] = [];
  const logger = createLogger('warn', { write: (line) => void lines.push(line) });
  const metrics = createMetrics();
  const log = await openLog(t, { dataDirectory, partitions: 1, retentionMs: 200, logger, metrics });
  const { seen, all } = handlers();
  const consumer = log.consumer('orders', all);
  await consumer.start();
  t.teardown(() => consumer.stop());
  const problems = new Set<string | undefined>();
  await eventually(
    async () => {
      problems.add(log.readinessProblem());
      return (await log.find('orders', 'intact')) === undefined;
    },
    { what: 'the records to be deleted' },
  );
  // Several rounds of maintenance.
  await delay(300);
  problems.add(log.readinessProblem());
  t.same(problems, new Set([undefined]), 'the log was ready all the time');
  const [line] = lines.map((text) => JSON.parse(text) as object);
  t.match(line, { level: 50, topic: 'orders', partition: 0, firstOffset: 0, lastOffset: 0 });
  t.equal(lines.length, 1);
  t.match(await metrics.logRecordsCorrupt.get(), { values: [{ value: 1 }] });
  t.equal((await log.find('orders', 'last'))?.offset, 2, 'what is not consumed stays');
  t.same(seen.failures, []);
});

await t.test('the keys of a corrupt chunk are deleted, and no others', async (t) => {
  const dataDirectory = t.testdir();
  const options = fileOptions(dataDirectory, { partitions: 4 });
  const first = new LogFile(options);
  const keys = Array.from({ length: 40 }, (_, n) => `key-${n}`);
  for (const key of keys) append(first, 'orders', [[key, `needle-${key}.`]], 1000);
  const all = readAll(first, 'orders');
  const consumed = new Map([0, 1, 2, 3].map((partition) => [partition, 1]));
  first.close();
  const corrupt = all.find(({ offset, partition }) => partition === 1 && offset === 0);
  flipBit(options.file, `needle-${corrupt?.key}.`);

  const file = openFile(t, dataDirectory);
  file.consumeFrom('orders', consumed);
  const reported: object[] = [];
  t.equal(
    file.deleteDue(2000, 100, (records) => void reported.push(records)),
    4,
  );
  t.same(reported, [{ topic: 'orders', partition: 1, firstOffset: 0, lastOffset: 0 }]);
  const left = keys.filter((key) => file.find('orders', key) !== undefined);
  t.same(
    left.sort(),
    all
      .filter(({ offset }) => offset > 0)
      .map(({ key }) => key)
      .sort(),
  );
});

await t.test('a file that SQLite cannot read makes the log not ready, without a pause', async (t) => {
  const dataDirectory = t.testdir();
  const options = fileOptions(dataDirectory, { partitions: 1 });
  const file = new LogFile(options);
  append(file, 'orders', [['key', 'x'.repeat(50_000)]], 1000);
  file.commit('orders', new Map([[0, 1]]));
  file.close();
  const bytes = readFileSync(options.file);
  // The pages that continue a long value begin with the number of the next one.
  const page = 4096;
  for (let at = page; at < bytes.length; at += page) {
    if (bytes.indexOf('xxxx', at) === at + 4) bytes.writeUInt32BE(0x7fffffff, at);
  }
  writeFileSync(options.file, bytes);
  const log = await openLog(t, { dataDirectory, partitions: 1, retentionMs: 200 });
  await eventually(() => log.readinessProblem() !== undefined, { what: 'the problem' });
  t.match(log.readinessProblem(), /cannot delete old records: database disk image is malformed/);
  for (let round = 0; round < 30; round++) {
    await delay(10);
    if (log.readinessProblem() === undefined) t.fail('the problem disappeared for a moment');
  }
  t.ok(await log.append({ topic: 'orders', key: 'new', value: Buffer.of(1) }), 'appends go on');
});
