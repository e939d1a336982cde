import { join } from 'node:path';
import t from 'tap';
import { endsOf } from '../../../src/log/event-log.ts';
import { newLog, openLog } from './support.ts';

const TOPIC = 'orders.commands';

const never = new AbortController().signal;

await t.test('a copy has every record, and the identity, of the log that it was made of', async (t) => {
  const dataDirectory = t.testdir({ copy: {} });
  const log = await openLog(t, { dataDirectory, partitions: 2 });
  const append = (n: number) => log.append({ topic: TOPIC, key: `o-${n}`, value: Buffer.from(String(n)) });
  await Promise.all(Array.from({ length: 300 }, (_, n) => append(n)));
  const pages: number[] = [];
  const copying = log.holdingRetention(() =>
    log.backUp(join(dataDirectory, 'copy', 'log.db'), (done) => pages.push(done), never),
  );
  const during = append(300);
  await Promise.all([copying, during]);
  t.ok(pages.length > 0, 'it reports its progress');
  const copy = newLog({ dataDirectory: join(dataDirectory, 'copy'), partitions: 2 });
  await copy.start();
  t.teardown(() => copy.stop());
  t.equal(copy.identity(), log.identity());
  const copied = endsOf(await copy.ranges(TOPIC)).reduce((sum, end) => sum + end, 0);
  t.ok(copied >= 300, `${copied} records`);
});

await t.test('a copy that is stopped, or cannot be written, fails', async (t) => {
  const dataDirectory = t.testdir();
  const log = await openLog(t, { dataDirectory });
  // So many pages that a copy takes several steps.
  const value = Buffer.alloc(16_384);
  await Promise.all(Array.from({ length: 400 }, () => log.append({ topic: TOPIC, key: 'o', value })));
  const file = join(dataDirectory, 'no-such-folder', 'log.db');
  await t.rejects(
    log.backUp(file, () => undefined, never),
    { code: 'backup-failed' },
  );
  const stopping = new AbortController();
  const stopped = log.backUp(join(dataDirectory, 'stopped.db'), () => undefined, stopping.signal);
  stopping.abort();
  await t.rejects(stopped, { code: 'backup-failed' });
  t.match(await log.append({ topic: TOPIC, key: 'o', value }), { offset: 400 });
});

await t.test('a log that is moved forward continues there', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir(), partitions: 1 });
  await log.append({ topic: TOPIC, key: 'o', value: Buffer.from('1') });
  await log.moveForward(TOPIC, new Map([[0, 40]]));
  t.same(await log.ranges(TOPIC), [{ start: 40, end: 40 }]);
  t.match(await log.append({ topic: TOPIC, key: 'o', value: Buffer.from('2') }), {
    partition: 0,
    offset: 40,
  });
  t.match(await log.recordsAt(TOPIC, new Map([[0, 40]])), new Map([[0, { offset: 40 }]]));
});
