import { randomUUID } from 'node:crypto';
import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import type { BulkRequest } from '../../src/services/bulk-action.ts';
import { TOPICS, type EventLog } from '../../src/log/event-log.ts';
import type { DeadLetter } from '../../src/store/dead-letter.ts';
import { deadLetter } from '../store/batch.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { CommandRecords } from '../support/command-records.ts';
import { startSmallService, type SmallService } from '../support/small-service.ts';

const STRANGE = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
const going = new AbortController().signal;

await t.test('a replay sends key and value byte for byte, and says which letter it is', async (t) => {
  const service = await startSmallService(t);
  const letters = service.deadLetters();
  await keep(service, [
    deadLetter({ offset: 0, key: STRANGE, value: Buffer.concat([STRANGE, Buffer.alloc(1_000, 'x')]) }),
    deadLetter({ offset: 1, key: Buffer.alloc(0), value: Buffer.alloc(0) }, { replayCount: 2 }),
    deadLetter({ offset: 2, key: null, value: null }),
  ]);
  const run = await letters.replay(wish({ selection: { ids: [1, 2, 3] } }), going);
  t.same(run, { matched: 3, done: 3, skipped: 0, nextAfterId: null });
  const sent = (await service.records()).sort((a, b) => letterOf(a) - letterOf(b));
  t.match(sent, [
    { key: STRANGE, headers: { 'x-dlq-id': '1', 'x-dlq-replay-count': '0' } },
    { key: Buffer.alloc(0), headers: { 'x-dlq-id': '2', 'x-dlq-replay-count': '2' } },
    { key: null, value: null, headers: { 'x-dlq-id': '3' } },
  ]);
  t.ok(sent[0]?.value?.equals(Buffer.concat([STRANGE, Buffer.alloc(1_000, 'x')])));
  t.equal(sent[1]?.value?.length, 0);
  t.match(await letters.store.find(1), { state: 'replaying' });
  t.match(await letters.store.audit(1), [{ act: 'replay-begun', by: 'tester', detail: 'replay 1' }]);
});

await t.test(
  'a replayed order is processed, its letter resolved, and a second replay finds nothing',
  async (t) => {
    const service = await startSmallService(t);
    const letters = service.deadLetters();
    const orderId = randomUUID();
    const { key, value } = new CommandRecords().place(orderId);
    await keep(service, [deadLetter({ offset: 0, key, value }, { orderId, reason: 'processor-failed' })]);
    t.match(await letters.replay(wish(), going), { matched: 1, done: 1 });
    t.match(await letters.replay(wish(), going), { matched: 0, done: 0 }, 'one under way is not open');
    const again = wish({ selection: { filter: { state: 'replaying' } } });
    t.match(await letters.replay(again, going), { matched: 1, done: 1 }, 'unless somebody asks for it');
    await service.processAll();
    t.match(await service.reader.find(orderId), { status: 'confirmed', version: 1 });
    t.match(await letters.store.find(1), { state: 'resolved' });
    t.match(await letters.replay(wish({ selection: { ids: [1] } }), going), {
      matched: 1,
      done: 0,
      skipped: 1,
    });
    t.equal((await service.records()).length, 2);
  },
);

await t.test('the letters of an order go out in the order in which they failed', async (t) => {
  const service = await startSmallService(t);
  const slow = watched(service.log, async (letter) => {
    // The first letters are refused less quickly than later ones are taken.
    if (letter < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  const letters = service.deadLetters({ log: slow });
  await keep(
    service,
    Array.from({ length: 300 }, (_, n) =>
      deadLetter({ offset: n, key: Buffer.from('k') }, { orderId: `o-${n % 3}` }),
    ),
  );
  const run = await letters.replay(wish({ ratePerSecond: 10_000 }), going);
  t.match(run, { matched: 300, done: 300 });
  const sent = (await service.records()).sort((a, b) => a.offset - b.offset).map(letterOf);
  for (const order of [0, 1, 2]) {
    const ofOrder = sent.filter((id) => (id - 1) % 3 === order);
    t.same(
      ofOrder,
      [...ofOrder].sort((a, b) => a - b),
    );
  }
});

await t.test(
  'when the log refuses one, what comes behind it in its order stays, and it says how far it came',
  async (t) => {
    const service = await startSmallService(t);
    let refused = 3;
    const failing = watched(service.log, async (letter) => {
      if (letter === refused)
        throw new ServiceError('log-unavailable', 'The broker is away.', { retryAfter: 7 });
    });
    const letters = service.deadLetters({ log: failing });
    await keep(
      service,
      Array.from({ length: 250 }, (_, n) => deadLetter({ offset: n, key: null }, { orderId: `o-${n % 2}` })),
    );
    const attempt = letters.replay(wish({ ratePerSecond: 10_000 }), going);
    await t.rejects(attempt, {
      code: 'log-unavailable',
      retryAfter: 7,
      message: 'Dead letter 3: The broker is away. 51 letters were replayed. It is safe to do it again.',
    });
    const sent = (await service.records()).map(letterOf);
    t.notOk(
      sent.some((id) => id > 1 && id % 2 === 1),
      'none overtook letter 3',
    );
    t.same((await letters.store.find(3))?.state, 'open');
    refused = 0;
    t.match(await letters.replay(wish({ ratePerSecond: 10_000 }), going), { matched: 199, done: 199 });
    t.equal((await service.records()).length, 250, 'each once');
  },
);

await t.test('a store that fails on the way is told with how far it came', async (t) => {
  const service = await startSmallService(t);
  const letters = service.deadLetters({
    log: watched(service.log, async (letter) => {
      if (letter === 120) await letters.store.close();
    }),
  });
  await keep(
    service,
    Array.from({ length: 150 }, (_, n) => deadLetter({ offset: n })),
  );
  await t.rejects(letters.replay(wish({ ratePerSecond: 10_000 }), going), {
    code: 'worker-failed',
    message: /100 letters were replayed/,
  });
});

await t.test(
  'loops are guarded: what failed too often, or is settled, is passed over and counted',
  async (t) => {
    const service = await startSmallService(t);
    const letters = service.deadLetters({ replayLimit: 2 });
    await keep(service, [
      deadLetter({ offset: 0 }),
      deadLetter({ offset: 1 }, { replayCount: 2 }),
      deadLetter({ offset: 2 }, { state: 'exhausted', replayCount: 5 }),
      deadLetter({ offset: 3 }),
    ]);
    await letters.discard(wish({ selection: { ids: [4] } }), going);
    const everything = wish({ selection: { ids: [4, 3, 2, 1, 77] } });
    const expected = { matched: 4, skipped: 3, nextAfterId: null };
    t.same(await letters.replay({ ...everything, dryRun: true }, going), { ...expected, done: 0 });
    t.equal(await letters.store.audit(1).then((acts) => acts.length), 0, 'a dry run leaves no trace');
    t.same(await letters.replay(everything, going), { ...expected, done: 1 });
    t.same((await service.records()).map(letterOf), [1]);

    const generous = service.deadLetters({ replayLimit: 6 });
    const exhausted = wish({ selection: { ids: [3] } });
    t.match(
      await generous.replay(exhausted, going),
      { matched: 1, done: 1 },
      'a higher limit lets it go again',
    );
  },
);

await t.test('an act stops after the page in hand, and is taken up where it ended', async (t) => {
  const service = await startSmallService(t);
  const stopping = new AbortController();
  const letters = service.deadLetters({
    log: watched(service.log, async (letter) => {
      if (letter === 10) stopping.abort();
    }),
  });
  await keep(
    service,
    Array.from({ length: 60 }, (_, n) => deadLetter({ offset: n })),
  );
  const stopped = letters.replay(wish({ ratePerSecond: 80 }), stopping.signal);
  await t.rejects(stopped, { code: 'draining', message: /20 letters were replayed/ });
  t.equal((await service.records()).length, 20);
  t.match(await letters.replay(wish(), going), { matched: 40, done: 40 });
});

await t.test('letters go out no faster than asked for', async (t) => {
  const service = await startSmallService(t);
  const letters = service.deadLetters();
  await keep(
    service,
    Array.from({ length: 30 }, (_, n) => deadLetter({ offset: n })),
  );
  const began = performance.now();
  await letters.replay(wish({ ratePerSecond: 40 }), going);
  const tookMs = performance.now() - began;
  // Three pages of ten, a quarter of a second apart.
  t.ok(tookMs >= 490, `${Math.round(tookMs)} ms`);
});

await t.test('whoever goes on page by page gets each letter once', async (t) => {
  const service = await startSmallService(t);
  const letters = service.deadLetters();
  await keep(
    service,
    Array.from({ length: 25 }, (_, n) => deadLetter({ offset: n })),
  );
  const runs = [];
  let afterId: number | null = 0;
  while (afterId !== null) {
    const run = await letters.replay(wish({ afterId, limit: 10, ratePerSecond: 10_000 }), going);
    runs.push([run.matched, run.nextAfterId]);
    afterId = run.nextAfterId;
  }
  t.same(runs, [
    [10, 10],
    [10, 20],
    [5, null],
  ]);
});

await t.test('what fails while an act goes on is left to the next one', async (t) => {
  const service = await startSmallService(t);
  await keep(
    service,
    Array.from({ length: 150 }, (_, n) => deadLetter({ offset: n })),
  );
  const letters = service.deadLetters({
    log: watched(service.log, async (letter) => {
      if (letter === 5) await keep(service, [deadLetter({ offset: 999 })]);
    }),
  });
  t.match(await letters.replay(wish({ ratePerSecond: 10_000 }), going), { matched: 150, done: 150 });
  t.match(await letters.store.find(151), { state: 'open' });
});

await t.test('discarding takes what is open, or exhausted when it is named', async (t) => {
  const service = await startSmallService(t);
  const letters = service.deadLetters();
  await keep(service, [
    deadLetter({ offset: 0 }, { reason: 'processor-failed' }),
    deadLetter({ offset: 1 }, { state: 'exhausted' }),
    deadLetter({ offset: 2 }),
  ]);
  const failed = wish({ selection: { filter: { reason: 'processor-failed' } } });
  t.match(await letters.discard({ ...failed, dryRun: true }, going), { matched: 1, done: 0, skipped: 0 });
  t.match(await letters.discard(failed, going), { matched: 1, done: 1 });
  t.match(await letters.discard(wish({ selection: { ids: [1, 2] } }), going), {
    matched: 2,
    done: 1,
    skipped: 1,
  });
  t.same(await letters.store.reasons({ state: 'open' }), { 'record-undecodable': 1 });
  t.match(await letters.store.audit(2), [{ act: 'discarded', by: 'tester', detail: 'was exhausted' }]);
});

function wish(changes: Partial<BulkRequest> = {}): BulkRequest {
  return {
    selection: { filter: {} },
    dryRun: false,
    ratePerSecond: 1_000,
    afterId: 0,
    limit: undefined,
    by: 'tester',
    ...changes,
  };
}

function keep({ store, log }: SmallService, letters: DeadLetter[]): Promise<void> {
  return keepDeadLetters(store, letters, [], log.progressName(TOPICS.commands));
}

function letterOf(record: { headers?: Readonly<Record<string, string>> | undefined }): number {
  return Number(record.headers?.['x-dlq-id']);
}

/** The log, with something that happens before a letter is appended. */
function watched(log: EventLog, before: (letter: number) => Promise<void>): EventLog {
  return {
    progressName: (topic) => log.progressName(topic),
    start: () => log.start(),
    stop: () => log.stop(),
    append: async (record) => {
      await before(letterOf(record));
      return log.append(record);
    },
    consumer: (topic, handlers) => log.consumer(topic, handlers),
    follow: (topic, onRecords) => log.follow(topic, onRecords),
    ends: (topic) => log.ends(topic),
    fault: () => log.fault(),
    pendingAppends: () => log.pendingAppends(),
  };
}
