import t from 'tap';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '../../../src/base/errors.ts';
import { AppendQueue } from '../../../src/log/embedded/append-queue.ts';
import type { OutgoingRecord } from '../../../src/log/event-log.ts';

const LIMITS = { maxPendingRecords: 10, maxPendingBytes: 1000, ackTimeoutMs: 10_000 };

/** A writer that answers a group when the test says so. */
class Writer {
  readonly groups: unknown[][] = [];
  readonly #answers: { resolve: (positions: Float64Array) => void; reject: (error: Error) => void }[] = [];

  readonly append = (records: readonly OutgoingRecord[]): Promise<Float64Array> => {
    this.groups.push(records.map(({ key }) => key));
    return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
  };

  acknowledge(): void {
    const group = this.groups[this.groups.length - this.#answers.length] ?? [];
    this.#answers.shift()?.resolve(Float64Array.from(group.flatMap((_, index) => [1, index])));
  }

  refuse(error: Error): void {
    this.#answers.shift()?.reject(error);
  }
}

function record(key: string, bytes = 1) {
  return { topic: 't', key, value: Buffer.alloc(bytes) };
}

await t.test(
  'records of one turn form a group, and records that arrive while it is written form the next',
  async (t) => {
    const writer = new Writer();
    const queue = new AppendQueue(LIMITS, writer.append);
    const first = [queue.append(record('a')), queue.append(record('b'))];
    await nextTurn();
    const second = [queue.append(record('c')), queue.append(record('d'))];
    await nextTurn();
    t.same(writer.groups, [['a', 'b']]);
    t.equal(queue.pending, 4);
    writer.acknowledge();
    t.same(await Promise.all(first), [
      { partition: 1, offset: 0 },
      { partition: 1, offset: 1 },
    ]);
    t.same(writer.groups, [
      ['a', 'b'],
      ['c', 'd'],
    ]);
    writer.acknowledge();
    await Promise.all(second);
    t.equal(queue.pending, 0);
  },
);

await t.test('a failed group rejects all its appends, and the next group is written', async (t) => {
  const writer = new Writer();
  const queue = new AppendQueue(LIMITS, writer.append);
  const failing = [queue.append(record('a')), queue.append(record('b'))];
  await nextTurn();
  const next = queue.append(record('c'));
  writer.refuse(new ServiceError('log-unavailable', 'the disk is gone'));
  for (const each of failing) await t.rejects(each, { code: 'log-unavailable' });
  await nextTurn();
  writer.acknowledge();
  t.same(await next, { partition: 1, offset: 0 });
});

await t.test(
  'beyond its limit of records or bytes it refuses appends, until a group is written',
  async (t) => {
    const writer = new Writer();
    const queue = new AppendQueue(LIMITS, writer.append);
    const ten = Array.from({ length: 10 }, (_, index) => queue.append(record(String(index))));
    await t.rejects(queue.append(record('eleventh')), { code: 'log-full', retryAfter: 1 });
    await nextTurn();
    await t.rejects(queue.append(record('eleventh')), { code: 'log-full' });
    writer.acknowledge();
    await Promise.all(ten);

    const big = queue.append(record('big', 900));
    await t.rejects(queue.append(record('another', 100)), { code: 'log-full', retryAfter: 1 });
    await nextTurn();
    writer.acknowledge();
    await big;
    await t.rejects(queue.append(record('giant', 1000)), { code: 'record-too-large' });
    t.equal(queue.pending, 0);
  },
);

await t.test(
  'an append without acknowledgement in time is rejected, and a late answer changes nothing',
  async (t) => {
    const writer = new Writer();
    const queue = new AppendQueue({ ...LIMITS, ackTimeoutMs: 300 }, writer.append);
    const early = t.rejects(queue.append(record('early')), { code: 'log-timeout' });
    await delay(150);
    const late = queue.append(record('late'));
    await early;
    t.equal(queue.pending, 1, 'the later one has its own deadline');
    await t.rejects(late, { code: 'log-timeout' });
    await queue.drain();
    writer.acknowledge();
    await nextTurn();
    t.same(writer.groups, [['early']], 'an append that expired before it was sent is never sent');
    const next = queue.append(record('next'));
    await nextTurn();
    writer.acknowledge();
    t.same(await next, { partition: 1, offset: 0 });
  },
);

await t.test('drain() resolves when everything is settled', async (t) => {
  const writer = new Writer();
  const queue = new AppendQueue(LIMITS, writer.append);
  await queue.drain();
  const appending = queue.append(record('a'));
  let drained = false;
  const draining = queue.drain().then(() => (drained = true));
  await nextTurn();
  t.equal(drained, false);
  writer.acknowledge();
  await appending;
  await draining;
});

await t.test('an append that expires while it is written counts once', async (t) => {
  const writer = new Writer();
  const queue = new AppendQueue({ ...LIMITS, ackTimeoutMs: 20 }, writer.append);
  await t.rejects(queue.append(record('a')), { code: 'log-timeout' });
  t.equal(queue.pending, 0);
  const later = queue.append(record('b'));
  writer.acknowledge();
  await nextTurn();
  t.equal(queue.pending, 1, 'the later one');
  writer.acknowledge();
  t.match(await later, { partition: 1 });
  await queue.drain();
  t.equal(queue.pending, 0);
});
