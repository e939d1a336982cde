import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { pino } from 'pino';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { HistoryFeed } from '../../src/status/history-feed.ts';
import { parsePositionsToken } from '../../src/status/resume-token.ts';
import { StatusHub } from '../../src/status/status-hub.ts';
import type { HistoryEpoch } from '../../src/store/history-epoch.ts';
import type { SequencedChange } from '../../src/store/order-store.ts';

const codec = createEventCodec();

/** Of a service that does not stop. */
const running = new AbortController().signal;

function changeAt(sequence: number): SequencedChange {
  const change = {
    orderId: `o-${sequence}`,
    customerId: 'c',
    merchantId: 'm',
    status: 'confirmed',
    version: 1,
    at: 0,
    reason: null,
    cause: { partition: 0, offset: sequence },
  } as const;
  return { sequence, change };
}

function recordAt(sequence: number): LogRecord {
  const { change } = changeAt(sequence);
  const value = Buffer.from(codec.encodeStatusChange(change));
  return { partition: 0, offset: sequence, timestamp: 0, key: Buffer.from(change.orderId), value };
}

/** A feed that starts with `there` changes in the history, and an epoch after those that are there. */
async function feedAfter(
  there: number,
  epochs: readonly HistoryEpoch[] = [],
  deleted: readonly number[] = [],
) {
  const hub = new StatusHub({ codec, maxWatchers: 10, logger: pino(new PassThrough()) });
  const changes = Array.from({ length: there }, (_, index) => changeAt(index + 1)).filter(
    ({ sequence }) => !deleted.includes(sequence),
  );
  const latestChanges = (limit: number) => Promise.resolve(changes.slice(-limit));
  const feed = new HistoryFeed({ hub, codec, reader: { latestChanges }, backlog: 10 });
  const all = [...epochs];
  await feed.start({
    beginEpoch(id) {
      all.push({ id, firstSequence: there + 1 });
      return Promise.resolve(all);
    },
  });
  return { hub, feed, epochs: all };
}

await t.test(
  'changes that lanes publish in parallel arrive in the order in which they were saved',
  async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(3),
        cuts,
        fc.array(fc.nat(99), { minLength: 12, maxLength: 12 }),
        async (there, sizes, draws) => {
          const { hub, feed } = await feedAfter(there);
          const { subscription } = hub.subscribe({}, ALL_ORDERS);
          let next = there + 1;
          const batches = sizes.map((size) => {
            const batch = Array.from({ length: size }, (_, index) => recordAt(next + index));
            next += size;
            // A redelivered batch publishes earlier changes again.
            return [...batch, recordAt(Math.max(1, next - size - 1))];
          });
          const shuffled = batches
            .map((batch, index) => ({ batch, key: draws[index] ?? 0 }))
            .sort((one, other) => one.key - other.key);
          await Promise.all(shuffled.map(({ batch }) => feed.publish(batch, running)));
          const seen: number[] = [];
          for (let item = subscription.take(); item !== undefined; item = subscription.take()) {
            seen.push(item.change.cause.offset);
          }
          assert.deepStrictEqual(
            seen,
            Array.from({ length: next - there - 1 }, (_, index) => there + 1 + index),
          );
        },
      ),
    );
  },
);

await t.test('a token survives a restart while the changes after it are kept', async (t) => {
  const first = await feedAfter(5);
  const { token } = first.hub.subscribe({}, ALL_ORDERS);
  const { hub, epochs } = await feedAfter(9, first.epochs);
  const { subscription } = hub.subscribe({}, ALL_ORDERS, parsePositionsToken(token));
  const taken = [6, 7, 8, 9].map(() => subscription.take()?.change.orderId);
  t.same(taken, ['o-6', 'o-7', 'o-8', 'o-9']);
  t.equal(subscription.take(), undefined);
  const later = await feedAfter(16, epochs);
  t.throws(() => later.hub.subscribe({}, ALL_ORDERS, parsePositionsToken(token)), {
    code: 'resume-token-too-old',
  });
});

await t.test('a token from before a deleted change is too old, a later one is not', async (t) => {
  const tokens = new Map<number, ReturnType<typeof parsePositionsToken>>();
  const first = await feedAfter(3);
  for (let sequence = 4; sequence <= 9; sequence += 1) {
    tokens.set(sequence, parsePositionsToken(first.hub.subscribe({}, ALL_ORDERS).token));
    await first.feed.publish([recordAt(sequence)], running);
  }
  // Retention has deleted the changes 2, 5 and 6. Each token is from before the change of its number.
  const { hub, feed } = await feedAfter(9, first.epochs, [2, 5, 6]);
  for (const [sequence, token] of tokens) {
    const resume = () => hub.subscribe({}, ALL_ORDERS, token).subscription.take()?.change.orderId;
    if (sequence <= 6) t.throws(resume, { code: 'resume-token-too-old' }, `before change ${sequence}`);
    else t.equal(resume(), `o-${sequence}`);
  }
  const { subscription } = hub.subscribe({}, ALL_ORDERS);
  await feed.publish([recordAt(10)], running);
  t.equal(subscription.take()?.change.orderId, 'o-10', 'new changes go on');
});

await t.test('a restored copy refuses exactly the tokens of changes that it does not have', async (t) => {
  const original = await feedAfter(5);
  const copied = [...original.epochs];
  const tokenOf = (hub: StatusHub) => parsePositionsToken(hub.subscribe({}, ALL_ORDERS).token);
  const shared = tokenOf(original.hub);
  await original.feed.publish([recordAt(6)], running);
  const lost = tokenOf(original.hub);
  const lostAfterRestart = tokenOf((await feedAfter(7, original.epochs)).hub);
  const ofAnotherDeployment = tokenOf((await feedAfter(5)).hub);

  const copy = await feedAfter(5, copied);
  const refused = { code: 'resume-token-too-old' };
  for (const when of ['at once', 'after its history has overtaken the tokens']) {
    t.doesNotThrow(
      () => copy.hub.subscribe({}, ALL_ORDERS, shared),
      `${when}: the token of the last change of the copy`,
    );
    t.throws(() => copy.hub.subscribe({}, ALL_ORDERS, lost), refused, `${when}: a token of a lost change`);
    t.throws(() => copy.hub.subscribe({}, ALL_ORDERS, lostAfterRestart), refused, `${when}: of a lost epoch`);
    t.throws(
      () => copy.hub.subscribe({}, ALL_ORDERS, ofAnotherDeployment),
      refused,
      `${when}: of another deployment`,
    );
    await copy.feed.publish([recordAt(6), recordAt(7), recordAt(8)], running);
  }
  const restarted = await feedAfter(9, copy.epochs);
  t.throws(() => restarted.hub.subscribe({}, ALL_ORDERS, lost), refused, 'after a restart of the copy');
  t.doesNotThrow(
    () => restarted.hub.subscribe({}, ALL_ORDERS, tokenOf(copy.hub)),
    'a token that the copy made',
  );
});

await t.test('a stop ends the wait for earlier changes', async (t) => {
  const { feed } = await feedAfter(0);
  const stopping = new AbortController();
  const waiting = feed.publish([recordAt(2)], stopping.signal);
  stopping.abort();
  await t.rejects(waiting, { name: 'AbortError' });
  await t.rejects(feed.publish([recordAt(2)], stopping.signal), { name: 'AbortError' });
});

await t.test('the changes of one batch are published in order, whatever their order is', async (t) => {
  const { hub, feed } = await feedAfter(0);
  const { subscription } = hub.subscribe({}, ALL_ORDERS);
  const stopping = new AbortController();
  let isPublished = false;
  const publishing = feed.publish([recordAt(2), recordAt(1), recordAt(3)], stopping.signal).then(
    () => (isPublished = true),
    () => undefined,
  );
  await new Promise((resolve) => setImmediate(resolve));
  t.ok(isPublished, 'a batch does not wait for its own changes');
  stopping.abort();
  await publishing;
  t.same(
    [1, 2, 3].map(() => subscription.take()?.change.orderId),
    ['o-1', 'o-2', 'o-3'],
  );
});
