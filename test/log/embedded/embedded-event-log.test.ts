import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import t from 'tap';
import { eventually } from '../../../tools/support/eventually.ts';
import { handlers, newLog, openLog, record } from './support.ts';

/** A logger that collects its lines. */
function collectingLogger() {
  const lines: string[] = [];
  return { lines, logger: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }) };
}

await t.test('start() fails when the directory cannot be created, and leaves nothing running', async (t) => {
  const dataDirectory = join(t.testdir({ taken: 'a file' }), 'taken', 'data');
  const log = newLog({ dataDirectory });
  await t.rejects(log.start(), { code: 'log-unavailable', message: /taken/ });
  await t.rejects(log.append(record('a')), { code: 'log-unavailable', message: /not open/ });
  await log.stop();
});

await t.test('appends are refused while the log closes', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir() });
  const appending = log.append(record('a'));
  const stopping = log.stop();
  await t.rejects(log.append(record('b')), { code: 'log-unavailable', message: /shutting down/ });
  t.match(await appending, { offset: 0 });
  await stopping;
});

await t.test('find() returns the oldest record of a key, with its position', async (t) => {
  const log = await openLog(t, { dataDirectory: t.testdir() });
  const position = await log.append(record('a', 'one'));
  await log.append(record('a', 'two'));
  t.match(await log.find('orders', 'a'), { ...position, key: Buffer.from('a'), value: Buffer.from('one') });
  t.equal(await log.find('orders', 'b'), undefined);
});

await t.test(
  'a full log refuses whole groups, and accepts records again once others are consumed',
  async (t) => {
    const log = await openLog(t, { dataDirectory: t.testdir(), maxFileBytes: 1_000_000, retentionMs: 200 });
    const value = 'x'.repeat(5000);
    const fill = async () => {
      for (;;) await Promise.all(Array.from({ length: 10 }, (_, n) => log.append(record(`key-${n}`, value))));
    };
    await t.rejects(fill(), { code: 'log-full', retryAfter: 1, message: /its disk is full/ });
    t.match(log.readinessProblem(), /its disk is full/, 'a full log is not ready');
    const { seen, all } = handlers({
      onRecords: (records) => {
        seen.records.push(...records);
        consumer.commit(new Map(records.map(({ partition, offset }) => [partition, offset + 1])));
      },
    });
    const consumer = log.consumer('orders', all);
    await consumer.start();
    const accepts = () =>
      log.append(record('again', value)).then(
        () => true,
        () => false,
      );
    await eventually(accepts, { what: 'the log to accept records again' });
    await eventually(() => log.readinessProblem() === undefined, { what: 'the log to be ready' });
    await consumer.stop();
    t.same(seen.failures, []);
  },
);

await t.test('when its thread dies, everything in flight fails and later appends are refused', async (t) => {
  const { lines, logger } = collectingLogger();
  const threadEntry = new URL('./fixtures/dying-thread.js', import.meta.url);
  const log = await openLog(t, { dataDirectory: t.testdir(), threadEntry, logger });
  const reading = handlers();
  const paused = handlers();
  const readingConsumer = log.consumer('orders', reading.all);
  const pausedConsumer = log.consumer('orders', paused.all);
  await readingConsumer.start();
  pausedConsumer.pause([0, 1, 2, 3]);
  await pausedConsumer.start();
  await log.follow('orders', () => undefined);
  const ended = await log.follow('orders', () => undefined);
  await ended.stop();

  const looking = log.find('orders', 'die');
  const sent = log.append(record('sent'));
  await nextTurn();
  const waiting = log.append(record('waiting'));
  await t.resolves(looking);
  await t.rejects(sent, {
    code: 'log-timeout',
    message: /^The thread of the event log died\. .*may or may not have been executed/,
  });
  await t.rejects(waiting, { code: 'log-unavailable', message: /event log died/ }, 'it was never sent');
  await t.rejects(log.append(record('late')), { code: 'log-unavailable', message: /event log died/ });
  t.equal(
    log.readinessProblem(),
    'The thread of the event log died. Restart the process.',
    'the reason may name files, so only the log has it',
  );
  t.equal(log.pendingAppends(), 0);
  t.match(reading.seen.failures, [{ code: 'log-timeout' }]);
  t.match(paused.seen.failures, [{ code: 'log-timeout' }]);

  readingConsumer.commit(new Map([[0, 1]]));
  await readingConsumer.stop();
  await pausedConsumer.stop();
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  const died = lines.find((line) => line.includes('The event log thread died.'));
  t.match(died, /asked to die/, 'the reason is logged');
  t.equal(messages.filter((message) => message === 'A follower of the event log failed.').length, 1);
  t.ok(messages.some((message) => message.startsWith('Committing offsets failed')));
});
