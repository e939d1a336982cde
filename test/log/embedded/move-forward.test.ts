import t from 'tap';
import { LogFile } from '../../../src/log/embedded/log-file.ts';
import { append, fileOptions, flat, openFile, readAll } from './support.ts';

await t.test('a partition that is moved forward has no records, and the next append continues there', (t) => {
  const directory = t.testdir();
  const first = new LogFile(fileOptions(directory, { partitions: 2 }));
  const keys = Array.from({ length: 20 }, (_, n): [string, string] => [`key-${n}`, String(n)]);
  const positions = append(first, 'orders', keys);
  append(first, 'others', keys);
  first.commit('orders', new Map([[0, 3]]));
  const kept = readAll(first, 'orders').filter(({ partition }) => partition === 1);
  const others = readAll(first, 'others');
  first.moveForward('orders', new Map([[0, 100]]));
  first.moveForward('orders', new Map([[0, 100]]));
  const check = (file: LogFile) => {
    t.match(file.topic('orders').partitions[0], { start: 100, end: 100, committed: 100 });
    t.same(readAll(file, 'orders'), kept, 'the other partition keeps its records');
    t.same(readAll(file, 'others'), others, 'so does the other topic');
    for (const [index, [key]] of keys.entries()) {
      const isMoved = positions[index]?.[0] === 0;
      t.equal(file.find('orders', key) === undefined, isMoved, `${key} is ${isMoved ? 'gone' : 'found'}`);
      t.ok(file.find('others', key));
    }
  };
  check(first);
  first.close();
  const file = openFile(t, directory);
  check(file);
  const [key = '', another = ''] = keys
    .filter((_, index) => positions[index]?.[0] === 0)
    .map(([name]) => name);
  t.same(append(file, 'orders', [[key, 'new']], 2), [[0, 100]]);
  t.match(flat([file.find('orders', key)].filter((chunk) => chunk !== undefined)), [{ offset: 100, key }]);
  t.equal(file.find('orders', another), undefined, 'its key does not lead to the new record');
  t.match(readAll(file, 'orders', new Map([[0, 100]])), [{ offset: 100, value: 'new' }]);
  t.throws(() => file.moveForward('orders', new Map([[0, 100]])), /ends at offset 101/);
  t.equal(readAll(file, 'orders', new Map([[0, 100]])).length, 1, 'a move back deletes nothing');
  t.end();
});
