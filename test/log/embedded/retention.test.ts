import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Database } from '../../../src/base/sqlite.ts';
import { ChunkTable } from '../../../src/log/embedded/chunk-table.ts';
import { recordsOf } from '../../../src/log/embedded/frames.ts';
import { SLOT_SIZE } from '../../../src/log/embedded/log-database.ts';
import { LogFile } from '../../../src/log/embedded/log-file.ts';
import { Retention } from '../../../src/log/embedded/retention.ts';
import { TopicTable } from '../../../src/log/embedded/topic-table.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { append, fileOptions, openFile, openLog, readAll } from './support.ts';

function pairs(count: number, value = 'value'): [string, string][] {
  return Array.from({ length: count }, (_, n) => [`key-${n}`, value]);
}

await t.test('only records that are both consumed and old are deleted', async (t) => {
  const file = openFile(t, t.testdir(), { partitions: 1 });
  for (const time of [1000, 2000, 3000]) append(file, 'orders', pairs(10), time);
  t.equal(file.deleteDue(5000, 100), 0, 'nothing is consumed');
  file.commit('orders', new Map([[0, 19]]));
  t.equal(file.deleteDue(1000, 100), 0, 'nothing is old');
  t.equal(file.deleteDue(5000, 100), 10, 'a chunk with an unconsumed record stays');
  file.commit('orders', new Map([[0, 30]]));
  t.equal(file.deleteDue(2001, 100), 10);
  t.same([...new Set(readAll(file, 'orders').map(({ timestamp }) => timestamp))], [3000]);
});

await t.test('records stamped by a clock that was ahead do not stop retention', async (t) => {
  const file = openFile(t, t.testdir(), { partitions: 1 });
  const day = 86_400_000;
  const deleteDue = (cutoff: number, now: number) => file.deleteDue(cutoff, 100, undefined, now);
  append(file, 'orders', pairs(10), 1_000);
  for (const time of [day, day + 1, day + 2]) append(file, 'orders', pairs(10), time);
  file.commit('orders', new Map([[0, 60]]));
  t.equal(deleteDue(1_500, 2_000), 10, 'how old the others are is not known yet');
  for (const time of [2_000, 3_000]) append(file, 'orders', pairs(10), time);
  t.equal(deleteDue(2_000, 4_000), 0, 'they may be as young as the record after them');
  t.equal(deleteDue(2_001, 4_000), 40, 'they are older than the record after them');
  t.match(file.topic('orders').partitions, [{ start: 50, end: 60 }]);
});

await t.test('a topic that no group consumes is deleted by age', async (t) => {
  const file = openFile(t, t.testdir(), { followedTopics: ['status'] });
  append(file, 'status', pairs(40), 1000);
  append(file, 'status', pairs(7), 2000);
  append(file, 'orders', pairs(40), 1000);
  t.equal(file.deleteDue(1500, 100), 40);
  t.equal(readAll(file, 'status').length, 7);
  t.equal(readAll(file, 'orders').length, 40);
});

await t.test('offsets continue after everything was deleted, also in a reopened file', async (t) => {
  const directory = t.testdir();
  const first = new LogFile(fileOptions(directory, { partitions: 1 }));
  append(first, 'orders', pairs(10), 1000);
  first.commit('orders', new Map([[0, 10]]));
  t.equal(first.deleteDue(2000, 100), 10);
  t.equal(first.find('orders', 'key-1'), undefined);
  first.close();
  const file = openFile(t, directory);
  t.match(file.topic('orders').partitions, [{ start: 10, end: 10, committed: 10 }]);
  t.same(append(file, 'orders', [['key-1', 'new']]), [[0, 10]]);
  t.same(
    readAll(file, 'orders').map(({ offset, value }) => [offset, value]),
    [[10, 'new']],
  );
});

await t.test('a reopened log deletes nothing until its consumer has said where it begins', async (t) => {
  const directory = t.testdir();
  const first = new LogFile(fileOptions(directory, { partitions: 1 }));
  for (let group = 0; group < 3; group++) append(first, 'orders', pairs(10), 1000);
  first.commit('orders', new Map([[0, 30]]));
  first.close();
  const file = openFile(t, directory);
  t.equal(file.deleteDue(2000, 100), 0, 'a restored store may be behind the committed offset');
  file.consumeFrom('orders', new Map([[0, 10]]));
  t.equal(file.deleteDue(2000, 100), 10, 'only what the store has processed');
  file.commit('orders', new Map([[0, 30]]));
  t.equal(file.deleteDue(2000, 100), 20);
});

await t.test('reading fails where records are missing, instead of skipping them', async (t) => {
  const file = openFile(t, t.testdir(), { partitions: 1 });
  for (let group = 0; group < 2; group++) append(file, 'orders', pairs(10), 1000);
  const gone = (from: number, to: number) => ({
    code: 'log-mismatch',
    message: new RegExp(`orders/0: offsets ${from} to ${to - 1} .* begins at offset ${to}`),
  });
  file.commit('orders', new Map([[0, 10]]));
  file.deleteDue(2000, 100);
  t.throws(() => readAll(file, 'orders', new Map([[0, 4]])), gone(4, 10));
  file.commit('orders', new Map([[0, 20]]));
  file.deleteDue(2000, 100);
  t.throws(() => readAll(file, 'orders', new Map([[0, 4]])), gone(4, 20), 'also when none is left');
  t.same(readAll(file, 'orders', new Map([[0, 20]])), []);
});

await t.test('records without a key are deleted like all others', async (t) => {
  const file = openFile(t, t.testdir(), { partitions: 1 });
  append(
    file,
    'orders',
    [
      [null, 'a'],
      ['key', 'b'],
      [null, 'c'],
    ],
    1000,
  );
  file.commit('orders', new Map([[0, 3]]));
  t.equal(file.deleteDue(2000, 100), 3);
  t.match(file.topic('orders').partitions, [{ start: 3, end: 3 }]);
  t.equal(file.find('orders', 'key'), undefined);
});

await t.test('find() returns the oldest retained record of a key', async (t) => {
  const file = openFile(t, t.testdir(), { partitions: 1 });
  append(file, 'orders', [['a', 'old']], 1000);
  append(file, 'orders', [['a', 'new']], 2000);
  file.commit('orders', new Map([[0, 2]]));
  file.deleteDue(1500, 100);
  t.equal(file.find('orders', 'a')?.firstOffset, 1);
});

await t.test('a budget limits how much is deleted at once', async (t) => {
  const file = openFile(t, t.testdir(), { partitions: 1 });
  for (let group = 0; group < 10; group++) append(file, 'orders', pairs(10), 1000);
  file.commit('orders', new Map([[0, 100]]));
  t.equal(file.deleteDue(2000, 25), 30);
  t.equal(file.deleteDue(2000, 1000), 70);
  t.equal(file.deleteDue(2000, 1000), 0);
});

await t.test('the keys of a region of corrupt chunks are searched once', (t) => {
  const options = fileOptions(t.testdir(), { partitions: 1 });
  const file = new LogFile(options);
  const keys = Array.from({ length: 600 }, (_, n) => `key-${n}`);
  for (let n = 0; n < keys.length; n += 10) {
    append(
      file,
      'orders',
      keys.slice(n, n + 10).map((key): [string, string] => [key, 'value']),
      1000,
    );
  }
  file.close();
  let searches = 0;
  const db = new Database(options.file, {
    verbose: (sql) => (searches += Number(/SELECT key/.test(String(sql)))),
  });
  t.teardown(() => db.close());
  db.exec(`UPDATE chunks SET checksum = -1 WHERE id % ${SLOT_SIZE} BETWEEN 100 AND 399`);
  const chunks = new ChunkTable(db);
  const retention = new Retention(db, chunks);
  const { partitions } = new TopicTable(db, options).use('orders');
  for (const partition of partitions) partition.consumed = 590;
  const deleteDue = () => retention.deleteDue(partitions, { cutoff: 2000, now: 3000 }, 150).deleted;
  t.equal(deleteDue(), 410, 'a region is deleted beyond the budget, with the next chunk');
  t.equal(searches, 1);
  t.same([deleteDue(), deleteDue()], [150, 30]);
  t.equal(searches, 1);
  const left = db.prepare<[], Buffer>('SELECT key FROM keys').pluck().all();
  t.same(left.map(String).sort(), keys.slice(590));
  t.end();
});

await t.test('under steady traffic the file stays as large as the retained records', async (t) => {
  const dataDirectory = t.testdir();
  const log = await openLog(t, { dataDirectory, retentionMs: 200 });
  let consumed = 0;
  const consumer = log.consumer('orders', {
    onAssigned: (committed) =>
      Promise.resolve(
        new Map([...committed].map(([partition, offset]) => [partition, offset ?? 'earliest'])),
      ),
    onRevoked: () => Promise.resolve(),
    onRecords: (records) => {
      consumed += records.length;
      consumer.commit(new Map(records.map(({ partition, offset }) => [partition, offset + 1])));
    },
    onFailed: (error) => t.fail(error.message),
  });
  await consumer.start();
  t.teardown(() => consumer.stop());

  const value = Buffer.alloc(2000, 'x');
  const bytes = () =>
    statSync(join(dataDirectory, 'log.db')).size + statSync(join(dataDirectory, 'log.db-wal')).size;
  let appended = 0;
  let largest = 0;
  for (; appended < 40_000; appended += 500) {
    const group = Array.from({ length: 500 }, (_, n) => {
      return log.append({ topic: 'orders', key: `key-${appended + n}`, value });
    });
    await Promise.all(group);
    largest = Math.max(largest, bytes());
  }
  await eventually(() => consumed === appended, { what: 'everything to be consumed' });
  t.ok(largest < 40_000_000, `${largest} bytes at most for ${appended * 2000} bytes appended`);
  await eventually(async () => (await log.find('orders', `key-${appended - 1}`)) === undefined, {
    what: 'the last record to be deleted',
  });
});

await t.test(
  'records in another partition than that of their key are neither found nor forgotten by it',
  async (t) => {
    const file = openFile(t, t.testdir(), { partitions: 2 });
    const find = () =>
      [...recordsOf(file.find('orders', 'k')?.body ?? Buffer.alloc(0))].map(({ value }) => String(value));
    const [[own] = [0]] = append(file, 'orders', [['k', 'own']], 5000);
    const other = 1 - own;
    append(file, 'orders', [['k', 'other']], 1000, other);
    t.same(find(), ['own']);
    file.commit('orders', new Map([[other, 1]]));
    t.equal(file.deleteDue(2000, 100), 1, 'the one in the other partition');
    t.same(find(), ['own'], 'which has the same offset');

    const late = openFile(t, join(t.testdir(), 'late'), { partitions: 2 });
    append(late, 'orders', [['k', 'other']], 1000, other);
    append(late, 'orders', [['x', 'not mine']], 1000, own);
    t.equal(late.find('orders', 'k'), undefined);
  },
);
