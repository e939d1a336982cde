import { randomUUID } from 'node:crypto';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { ServiceError } from '../../src/base/errors.ts';
import type { BulkRequest } from '../../src/services/bulk-action.ts';
import { TOPICS, type EventLog } from '../../src/log/event-log.ts';
import type { DeadLetter } from '../../src/store/dead-letter.ts';
import { deadLetter } from '../store/batch.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { CommandRecords } from '../support/command-records.ts';
import { startSmallService, type SmallService } from '../support/small-service.ts';
import { withoutFind } from '../support/without-find.ts';

const STRANGE = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
const { signal } = new AbortController();

await t.test('a replay sends key and value byte for byte, with the id of the dead letter', async (t) => {
  const service = await startSmallService(t);
  const { deadLetterService } = service.deadLetters();
  await keep(service, [
    deadLetter({ offset: 0, key: STRANGE, value: Buffer.concat([STRANGE, Buffer.alloc(1_000, 'x')]) }),
    deadLetter({ offset: 1, key: Buffer.alloc(0), value: Buffer.alloc(0) }, { replayCount: 2 }),
    deadLetter({ offset: 2, key: null, value: null }),
  ]);
  const run = await deadLetterService.replay(request({ selection: { ids: [1, 2, 3] } }), signal);
  t.same(run, { matched: 3, done: 3, skipped: 0, refused: [], nextAfterId: null });
  const sent = (await service.records()).sort((a, b) => idOf(a) - idOf(b));
  t.match(sent, [
    { key: STRANGE, headers: { 'x-dlq-id': '1', 'x-dlq-replay-count': '0' } },
    { key: Buffer.alloc(0), headers: { 'x-dlq-id': '2', 'x-dlq-replay-count': '2' } },
    { key: null, value: null, headers: { 'x-dlq-id': '3' } },
  ]);
  t.ok(sent[0]?.value?.equals(Buffer.concat([STRANGE, Buffer.alloc(1_000, 'x')])));
  t.equal(sent[1]?.value?.length, 0);
  t.match(await deadLetterService.find(1), { state: 'replaying' });
  t.match(await deadLetterService.audit(1), [{ act: 'replay-begun', by: 'tester', detail: 'replay 1' }]);
});

await t.test(
  'a replayed order is processed, its dead letter resolved, and a second replay finds nothing',
  async (t) => {
    const service = await startSmallService(t);
    const { deadLetterService } = service.deadLetters();
    const orderId = randomUUID();
    const { key, value } = new CommandRecords().place(orderId);
    await keep(service, [deadLetter({ offset: 0, key, value }, { orderId, reason: 'processor-failed' })]);
    t.match(await deadLetterService.replay(request(), signal), { matched: 1, done: 1 });
    t.match(
      await deadLetterService.replay(request(), signal),
      { matched: 0, done: 0 },
      'one in flight is not open',
    );
    const again = request({ selection: { filter: { state: 'replaying' } } });
    t.match(await deadLetterService.replay(again, signal), { matched: 1, done: 1 }, 'unless it is asked for');
    await service.processAll();
    t.match(await service.reader.find(orderId, ALL_ORDERS), { status: 'confirmed', version: 1 });
    t.match(await deadLetterService.find(1), { state: 'resolved' });
    t.match(await deadLetterService.replay(request({ selection: { ids: [1] } }), signal), {
      matched: 1,
      done: 0,
      skipped: 1,
    });
    t.equal((await service.records()).length, 2);
  },
);

await t.test('the dead letters of an order are replayed in the order in which they failed', async (t) => {
  const service = await startSmallService(t);
  const slow = watched(service.log, async (id) => {
    // Later ones would overtake the first, which take longer.
    if (id < 4) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  const { deadLetterService } = service.deadLetters({ log: slow });
  await keep(
    service,
    Array.from({ length: 300 }, (_, n) =>
      deadLetter({ offset: n, key: Buffer.from('k') }, { orderId: `o-${n % 3}` }),
    ),
  );
  const run = await deadLetterService.replay(request({ ratePerSecond: 10_000 }), signal);
  t.match(run, { matched: 300, done: 300 });
  const sent = (await service.records()).sort((a, b) => a.offset - b.offset).map(idOf);
  for (const order of [0, 1, 2]) {
    const ofOrder = sent.filter((id) => (id - 1) % 3 === order);
    t.same(
      ofOrder,
      [...ofOrder].sort((a, b) => a - b),
    );
  }
});

await t.test(
  'when the log refuses one, later ones of its order stay, and the error says how many were sent',
  async (t) => {
    const service = await startSmallService(t);
    let refused = 3;
    const failing = watched(service.log, async (id) => {
      if (id === refused) throw new ServiceError('log-unavailable', 'The broker is away.', { retryAfter: 7 });
    });
    const { deadLetterService } = service.deadLetters({ log: failing });
    await keep(
      service,
      Array.from({ length: 250 }, (_, n) => deadLetter({ offset: n, key: null }, { orderId: `o-${n % 2}` })),
    );
    const attempt = deadLetterService.replay(request({ ratePerSecond: 10_000 }), signal);
    await t.rejects(attempt, {
      code: 'log-unavailable',
      retryAfter: 7,
      message:
        'Dead letter 3: The broker is away. 51 dead letters were replayed. Repeating the request is safe.',
    });
    const sent = (await service.records()).map(idOf);
    t.notOk(
      sent.some((id) => id > 1 && id % 2 === 1),
      'none overtook dead letter 3',
    );
    t.same((await deadLetterService.find(3))?.state, 'open');
    refused = 0;
    t.match(await deadLetterService.replay(request({ ratePerSecond: 10_000 }), signal), {
      matched: 199,
      done: 199,
    });
    t.equal((await service.records()).length, 250, 'each once');
  },
);

await t.test(
  'a dead letter that the log refuses for good is skipped with those behind it; the others are replayed on all pages',
  async (t) => {
    const service = await startSmallService(t);
    const full = watched(service.log, async (id) => {
      if (id === 3 || id === 150) throw new ServiceError('record-too-large', 'The record has 9 MB.');
    });
    const { deadLetterService } = service.deadLetters({ log: full });
    await keep(
      service,
      Array.from({ length: 250 }, (_, n) => {
        const orderId = n === 149 ? null : n % 100 === 2 ? 'o-large' : `o-${n}`;
        return deadLetter({ offset: n, key: null }, { orderId });
      }),
    );
    const behind = 'An earlier dead letter of its order was refused.';
    t.same(await deadLetterService.replay(request({ ratePerSecond: 10_000 }), signal), {
      matched: 250,
      done: 246,
      skipped: 4,
      refused: [
        { id: 3, reason: 'The record has 9 MB.' },
        { id: 103, reason: behind },
        { id: 150, reason: 'The record has 9 MB.' },
        { id: 203, reason: behind },
      ],
      nextAfterId: null,
    });
    t.equal((await service.records()).length, 246, 'each once');
    t.match(await deadLetterService.find(3), { state: 'open' });
    t.match(await deadLetterService.audit(3), [
      { act: 'replay-begun' },
      { act: 'replay-refused', by: 'tester', detail: 'The record has 9 MB.' },
    ]);
  },
);

await t.test('a replay lists at most a hundred of the dead letters that the log refuses', async (t) => {
  const service = await startSmallService(t);
  const full = watched(service.log, () =>
    Promise.reject(new ServiceError('record-too-large', 'The record has 9 MB.')),
  );
  await keep(
    service,
    Array.from({ length: 120 }, (_, n) => deadLetter({ offset: n })),
  );
  const { deadLetterService } = service.deadLetters({ log: full });
  const run = await deadLetterService.replay(request({ ratePerSecond: 10_000 }), signal);
  t.match(run, { matched: 120, done: 0, skipped: 120 });
  t.equal(run.refused.length, 100);
});

await t.test('a replay goes to the partition of its order, wherever its dead letters failed', async (t) => {
  const service = await startSmallService(t);
  const { deadLetterService } = service.deadLetters();
  const key = Buffer.from('k');
  const inPartition = (partition: number, orderId: string | null, offset = 0) =>
    deadLetter({ partition, offset, key }, { orderId });
  await keep(service, [
    inPartition(2, 'dead'),
    inPartition(0, 'dead'),
    inPartition(0, 'stored', 1),
    inPartition(2, null, 1),
    inPartition(9, 'from a log with more partitions'),
  ]);
  t.intercept(service.reader, 'placingPartition', {
    value: (id: string) => Promise.resolve({ dead: 2, stored: 1 }[id]),
  });
  t.match(await deadLetterService.replay(request(), signal), { done: 5 });
  const sent = new Map((await service.records()).map((record) => [idOf(record), record.partition]));
  const { partition: ofKey } = await service.log.append({ topic: TOPICS.commands, key, value: null });
  t.same(
    [1, 2, 3, 4, 5].map((id) => sent.get(id)),
    [2, 2, 1, 2, ofKey],
  );
});

await t.test('when the store fails on the way, the error says how many were sent', async (t) => {
  const service = await startSmallService(t);
  const { deadLetterService, deadLetterPool } = service.deadLetters({
    log: watched(service.log, async (id) => {
      if (id === 120) await deadLetterPool.close();
    }),
  });
  await keep(
    service,
    Array.from({ length: 150 }, (_, n) => deadLetter({ offset: n })),
  );
  await t.rejects(deadLetterService.replay(request({ ratePerSecond: 10_000 }), signal), {
    code: 'worker-failed',
    message: /100 dead letters were replayed/,
  });
});

await t.test(
  'invariant 8: loops are guarded: what failed too often, or is closed, is skipped and counted',
  async (t) => {
    const service = await startSmallService(t);
    const { deadLetterService } = service.deadLetters({ replayLimit: 2 });
    await keep(service, [
      deadLetter({ offset: 0 }),
      deadLetter({ offset: 1 }, { replayCount: 2 }),
      deadLetter({ offset: 2 }, { state: 'exhausted', replayCount: 5 }),
      deadLetter({ offset: 3 }),
    ]);
    await deadLetterService.discard(request({ selection: { ids: [4] } }), signal);
    const everything = request({ selection: { ids: [4, 3, 2, 1, 77] } });
    const expected = { matched: 4, skipped: 3, refused: [], nextAfterId: null };
    t.same(await deadLetterService.replay({ ...everything, dryRun: true }, signal), { ...expected, done: 0 });
    t.equal(
      await deadLetterService.audit(1).then((entries) => entries.length),
      0,
      'a dry run leaves no trace',
    );
    t.same(await deadLetterService.replay(everything, signal), { ...expected, done: 1 });
    t.same((await service.records()).map(idOf), [1]);

    const generous = service.deadLetters({ replayLimit: 6 }).deadLetterService;
    const exhausted = request({ selection: { ids: [3] } });
    t.match(
      await generous.replay(exhausted, signal),
      { matched: 1, done: 1 },
      'a higher limit lets it go again',
    );
  },
);

await t.test('a replay stops after the page in hand, and a second one does the rest', async (t) => {
  const service = await startSmallService(t);
  const stopping = new AbortController();
  const { deadLetterService } = service.deadLetters({
    log: watched(service.log, async (id) => {
      if (id === 10) stopping.abort();
    }),
  });
  await keep(
    service,
    Array.from({ length: 60 }, (_, n) => deadLetter({ offset: n })),
  );
  const stopped = deadLetterService.replay(request({ ratePerSecond: 80 }), stopping.signal);
  await t.rejects(stopped, { code: 'draining', message: /20 dead letters were replayed/ });
  t.equal((await service.records()).length, 20);
  t.match(await deadLetterService.replay(request(), signal), { matched: 40, done: 40 });
});

await t.test('invariant 8: a replay keeps to its rate', async (t) => {
  const service = await startSmallService(t);
  const { deadLetterService } = service.deadLetters();
  await keep(
    service,
    Array.from({ length: 30 }, (_, n) => deadLetter({ offset: n })),
  );
  const began = performance.now();
  await deadLetterService.replay(request({ ratePerSecond: 40 }), signal);
  const tookMs = performance.now() - began;
  // Three pages of ten, a quarter of a second apart.
  t.ok(tookMs >= 490, `${Math.round(tookMs)} ms`);
});

await t.test('a caller who goes page by page gets each dead letter once', async (t) => {
  const service = await startSmallService(t);
  const { deadLetterService } = service.deadLetters();
  await keep(
    service,
    Array.from({ length: 25 }, (_, n) => deadLetter({ offset: n })),
  );
  const runs = [];
  let afterId: number | null = 0;
  while (afterId !== null) {
    const run = await deadLetterService.replay(
      request({ afterId, limit: 10, ratePerSecond: 10_000 }),
      signal,
    );
    runs.push([run.matched, run.nextAfterId]);
    afterId = run.nextAfterId;
  }
  t.same(runs, [
    [10, 10],
    [10, 20],
    [5, null],
  ]);
});

await t.test('a record that fails during a replay is left to the next one', async (t) => {
  const service = await startSmallService(t);
  await keep(
    service,
    Array.from({ length: 150 }, (_, n) => deadLetter({ offset: n })),
  );
  const { deadLetterService } = service.deadLetters({
    log: watched(service.log, async (id) => {
      if (id === 5) await keep(service, [deadLetter({ offset: 999 })]);
    }),
  });
  t.match(await deadLetterService.replay(request({ ratePerSecond: 10_000 }), signal), {
    matched: 150,
    done: 150,
  });
  t.match(await deadLetterService.find(151), { state: 'open' });
});

await t.test('a replay that takes effect after its dead letter was discarded is recorded', async (t) => {
  const service = await startSmallService(t);
  const { deadLetterService } = service.deadLetters();
  const orderId = randomUUID();
  const { key, value } = new CommandRecords().place(orderId);
  await keep(service, [deadLetter({ offset: 0, key, value }, { orderId, reason: 'processor-failed' })]);
  await deadLetterService.replay(request(), signal);
  t.match(await deadLetterService.discard(request({ selection: { ids: [1] } }), signal), { done: 1 });
  await service.processAll();
  t.match(await service.reader.find(orderId, ALL_ORDERS), { status: 'confirmed' });
  t.match(await deadLetterService.find(1), { state: 'resolved' });
  t.same((await deadLetterService.audit(1)).map(({ act, detail }) => `${act}: ${detail}`).slice(2), [
    'discarded: was replaying',
    'replay-resolved: confirmed',
  ]);
});

await t.test('discarding takes what is open, and by id what is exhausted', async (t) => {
  const service = await startSmallService(t);
  const { deadLetterService } = service.deadLetters();
  await keep(service, [
    deadLetter({ offset: 0 }, { reason: 'processor-failed' }),
    deadLetter({ offset: 1 }, { state: 'exhausted' }),
    deadLetter({ offset: 2 }),
  ]);
  const failed = request({ selection: { filter: { reason: 'processor-failed' } } });
  t.match(await deadLetterService.discard({ ...failed, dryRun: true }, signal), {
    matched: 1,
    done: 0,
    skipped: 0,
  });
  t.match(await deadLetterService.discard(failed, signal), { matched: 1, done: 1 });
  t.match(await deadLetterService.discard(request({ selection: { ids: [1, 2] } }), signal), {
    matched: 2,
    done: 1,
    skipped: 1,
  });
  t.same(await deadLetterService.reasons({ state: 'open' }), { 'record-undecodable': 1 });
  t.match(await deadLetterService.audit(2), [{ act: 'discarded', by: 'tester', detail: 'was exhausted' }]);
});

function request(changes: Partial<BulkRequest> = {}): BulkRequest {
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

function keep({ store, log }: SmallService, deadLetters: DeadLetter[]): Promise<void> {
  return keepDeadLetters(store, deadLetters, [], log.progressName(TOPICS.commands));
}

function idOf(record: { headers?: Readonly<Record<string, string>> | undefined }): number {
  return Number(record.headers?.['x-dlq-id']);
}

/** The log with a step before each append. */
function watched(log: EventLog, before: (id: number) => Promise<void>): EventLog {
  return withoutFind(log, {
    append: async (record) => {
      await before(idOf(record));
      return log.append(record);
    },
  });
}
