import { join } from 'node:path';
import t from 'tap';
import { Database } from '../../../src/base/sqlite.ts';
import { LogFile } from '../../../src/log/embedded/log-file.ts';
import { allFromZero, append, fileOptions, flat, openFile, readAll } from './support.ts';

await t.test(
  'offsets have no gaps, survive closing, and each record is read back at its position',
  async (t) => {
    const directory = t.testdir();
    const pairs = Array.from({ length: 300 }, (_, n): [string, string] => [`key-${n % 20}`, String(n)]);
    const first = new LogFile(fileOptions(directory));
    const before = append(first, 'orders', pairs, 1000);
    first.close();
    const file = openFile(t, directory);
    const after = append(file, 'orders', pairs, 2000);

    const expected = [...before, ...after].map(([partition, offset], index) => {
      const [key, value] = pairs[index % 300] ?? [];
      return { partition, offset, timestamp: index < 300 ? 1000 : 2000, key, value };
    });
    const read = readAll(file, 'orders');
    const byPlace = (a: { partition: number; offset: number }, b: typeof a) => {
      return a.partition - b.partition || a.offset - b.offset;
    };
    t.same([...read].sort(byPlace), expected.sort(byPlace));
    for (const { partition } of read) {
      const offsets = read.filter((record) => record.partition === partition).map(({ offset }) => offset);
      t.same(offsets, [...offsets.keys()]);
    }
  },
);

await t.test('a topic keeps the partitions it was created with', async (t) => {
  const directory = t.testdir();
  const first = new LogFile(fileOptions(directory));
  const [[partition] = []] = append(first, 'orders', [['a key', 'one']]);
  first.close();
  const file = openFile(t, directory, { partitions: 9 });
  t.equal(file.topic('orders').partitions.length, 4);
  t.same(append(file, 'orders', [['a key', 'two']]), [[partition, 1]]);
  t.equal(file.topic('another').partitions.length, 9);
});

await t.test('the number of partitions in a file is limited', async (t) => {
  const file = openFile(t, t.testdir(), { partitions: 1500 });
  file.topic('one');
  t.throws(() => file.topic('two'), { code: 'log-unavailable', message: /at most 2047 partitions/ });
  t.equal(append(file, 'one', [['key', 'value']]).length, 1);
});

await t.test('a file of a newer format is refused', async (t) => {
  const directory = t.testdir();
  const options = fileOptions(directory);
  new LogFile(options).close();
  const db = new Database(options.file);
  db.pragma('user_version = 99');
  db.close();
  t.throws(() => new LogFile(options), {
    code: 'log-unavailable',
    message: /format 99; this version reads formats up to 3/,
  });
});

for (const format of [1, 2]) {
  await t.test(`a file of format ${format} is read, appended to and gets an identity`, async (t) => {
    const directory = t.testdir();
    const options = fileOptions(directory);
    const first = new LogFile(options);
    const [[partition] = []] = append(first, 'orders', [['a key', 'one']]);
    first.close();
    const db = new Database(options.file);
    db.exec(`DROP TABLE identity; PRAGMA user_version = ${format}`);
    db.close();
    const file = new LogFile(options);
    const identity = file.identity();
    t.match(identity, /^[0-9a-f-]{36}$/);
    append(file, 'orders', [['a key', 'two']]);
    t.match(readAll(file, 'orders'), [
      { partition, offset: 0, key: 'a key', value: 'one' },
      { partition, offset: 1, key: 'a key', value: 'two' },
    ]);
    file.close();
    const again = openFile(t, directory);
    t.equal(again.identity(), identity, 'it keeps the identity');
    t.not(openFile(t, join(directory, 'another')).identity(), identity);
  });
}

await t.test('a single record is read by its offset, if it is retained', async (t) => {
  const file = openFile(t, t.testdir(), { partitions: 1 });
  append(
    file,
    'orders',
    [
      ['a', 'one'],
      ['b', 'two'],
    ],
    1_000,
  );
  append(file, 'orders', [['c', 'three']], 2_000);
  const at = (offset: number) => {
    const chunk = file.at('orders', 0, offset);
    return chunk && flat([chunk]);
  };
  t.match([at(0), at(1), at(2)], [[{ value: 'one' }], [{ value: 'two', offset: 1 }], [{ value: 'three' }]]);
  t.equal(at(3), undefined);
  t.equal(file.at('orders', 7, 0), undefined);
  file.commit('orders', new Map([[0, 3]]));
  file.deleteDue(1_500, 100);
  t.equal(at(1), undefined, 'not the next record that is retained');
  t.match(at(2), [{ value: 'three' }]);
});

await t.test('a single record that is corrupt is not read', async (t) => {
  const directory = t.testdir();
  const { file } = fileOptions(directory);
  const before = openFile(t, directory, { partitions: 1 });
  append(before, 'orders', [['a', 'one']]);
  before.close();
  const db = new Database(file);
  db.exec('UPDATE chunks SET checksum = checksum + 1');
  db.close();
  t.equal(openFile(t, directory).at('orders', 0, 0), undefined);
});

await t.test('records without a key go to the first partition and cannot be looked up', async (t) => {
  const file = openFile(t, t.testdir());
  t.same(
    append(file, 'orders', [
      [null, 'one'],
      ['', 'two'],
      [null, 'three'],
    ]).map(([partition]) => partition),
    [0, 0, 0],
  );
  t.match(file.find('orders', ''), { firstOffset: 1 });
  t.equal(file.find('orders', 'null'), undefined);
});

await t.test('a read takes from each partition in turn and keeps to its limits', async (t) => {
  const file = openFile(t, t.testdir());
  for (let group = 0; group < 20; group++) {
    append(
      file,
      'orders',
      Array.from({ length: 40 }, (_, n): [string, string] => [`key-${n}`, 'value']),
    );
  }
  const chunks = file.read('orders', allFromZero(), { records: 100, bytes: 1e6 });
  t.same(new Set(chunks.slice(0, 4).map(({ partition }) => partition)), new Set([0, 1, 2, 3]));
  const records = flat(chunks).length;
  t.ok(records >= 100 && records < 140, `${records} records`);
  const one = file.read('orders', allFromZero(), { records: 100, bytes: 1 });
  t.equal(one.length, 1, 'at least one, however large');
  t.same(file.read('orders', new Map([[77, 0]]), { records: 100, bytes: 1 }), []);
});

await t.test('a large group is split into chunks, and a read may start inside one', async (t) => {
  const file = openFile(t, t.testdir());
  append(
    file,
    'orders',
    Array.from({ length: 1000 }, (_, n): [string, string] => ['key', String(n)]),
  );
  append(
    file,
    'orders',
    Array.from({ length: 10 }, (): [string, string] => ['key', 'x'.repeat(60_000)]),
  );
  const chunks = file.read('orders', allFromZero(), { records: 2000, bytes: 1e9 });
  t.ok(chunks.length >= 7 && chunks.every(({ count, body }) => count <= 250 && body.length < 250_000));
  const partition = chunks[0]?.partition ?? 0;
  const [within] = file.read('orders', new Map([[partition, 333]]), { records: 1, bytes: 1 });
  t.match(within, { firstOffset: 250, count: 250 });
});

await t.test('the oldest record of a key is found within its topic', async (t) => {
  const file = openFile(t, t.testdir());
  append(file, 'orders', [
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ]);
  append(file, 'orders', [['a', '4']]);
  append(file, 'others', [['c', '5']]);
  const found = (topic: string, key: string) => {
    const chunk = file.find(topic, key);
    return chunk === undefined ? undefined : flat([chunk]).map(({ value }) => value);
  };
  t.same(found('orders', 'a'), ['1']);
  t.same(found('orders', 'b'), ['2']);
  t.equal(found('orders', 'c'), undefined);
  t.same(found('others', 'c'), ['5']);
});

await t.test(
  'a full file refuses a whole group, and offsets continue without a gap once there is room',
  async (t) => {
    const file = openFile(t, t.testdir(), { partitions: 1, maxFileBytes: 400_000 });
    const value = 'x'.repeat(1000);
    const group = Array.from({ length: 20 }, (_, n): [string, string] => [`key-${n}`, value]);
    let groups = 0;
    const fill = () => {
      for (; groups < 1000; groups++) append(file, 'orders', group, 1000);
    };
    t.throws(fill, { code: 'SQLITE_FULL' });
    t.equal(readAll(file, 'orders').length, groups * 20);
    t.throws(() => append(file, 'orders', group), { code: 'SQLITE_FULL' });

    file.commit('orders', new Map([[0, groups * 20]]));
    t.ok(file.deleteDue(2000, 100) >= 100);
    t.same(append(file, 'orders', [['key', 'value']]), [[0, groups * 20]]);
    t.equal(readAll(file, 'orders').at(-1)?.offset, groups * 20);
  },
);

await t.test('each group has its own committed offsets', async (t) => {
  const directory = t.testdir();
  const committed = (groupId: string, commit?: Map<number, number>) => {
    const file = new LogFile(fileOptions(directory, { groupId }));
    if (commit !== undefined) file.commit('orders', commit);
    const offsets = file.topic('orders').partitions.map((partition) => partition.committed);
    file.close();
    return offsets;
  };
  t.same(committed('a'), [undefined, undefined, undefined, undefined]);
  t.same(
    committed(
      'a',
      new Map([
        [1, 5],
        [3, 7],
      ]),
    ),
    [undefined, 5, undefined, 7],
  );
  t.same(committed('b', new Map([[1, 2]])), [undefined, 2, undefined, undefined]);
  t.same(committed('a', new Map([[1, 6]])), [undefined, 6, undefined, 7]);
  t.same(committed('a'), [undefined, 6, undefined, 7]);
});
