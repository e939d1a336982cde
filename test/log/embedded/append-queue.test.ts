import t from 'tap';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '../../../src/base/errors.ts';
import { AppendQueue } from '../../../src/log/embedded/append-queue.ts';
import { readAppends } from '../../../src/log/embedded/frames.ts';

const LIMITS = { maxPendingRecords: 10, maxPendingBytes: 1000, ackTimeoutMs: 10_000 };

/** A writer that answers a group when the test says so. */
class Writer {
  readonly groups: string[][] = [];
  readonly #answers: PromiseWithResolvers[] = [];

  readonly append = (_topics: string[], frames: Buffer): Promise<Float64Array> => {
    const keys: string[] = [];
    readAppends(frames, (_, key) => keys.push(String(key)));
    this.groups.push(keys);
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

interface PromiseWithResolvers {
  resolve: (positions: Float64Array) => void;
  reject: (error: Error) => void;
}

function record(key: string, bytes = 1) {
  return { topic: 't', key, value: Buffer.alloc(bytes) };
}

/** The end of the event loop's turn, after what waits for it already. A timer may be due before it. */
const turn = () => setImmediate();

await t.test('what comes in one turn is one group, what comes while it is written is the next', async (t) => {
  const writer = new Writer();
  const queue = new AppendQueue(LIMITS, writer.append);
  const first = [queue.append(record('a')), queue.append(record('b'))];
  await turn();
  const second = [queue.append(record('c')), queue.append(record('d'))];
  await turn();
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
});

await t.test('a group that fails rejects all of its appends, and the next goes on', async (t) => {
  const writer = new Writer();
  const queue = new AppendQueue(LIMITS, writer.append);
  const failing = [queue.append(record('a')), queue.append(record('b'))];
  await turn();
  const next = queue.append(record('c'));
  writer.refuse(new ServiceError('log-unavailable', 'the disk is gone'));
  for (const each of failing) await t.rejects(each, { code: 'log-unavailable' });
  await turn();
  writer.acknowledge();
  t.same(await next, { partition: 1, offset: 0 });
});

await t.test(
  'beyond its records or bytes it refuses as full, and takes more when a group is done',
  async (t) => {
    const writer = new Writer();
    const queue = new AppendQueue(LIMITS, writer.append);
    const ten = Array.from({ length: 10 }, (_, index) => queue.append(record(String(index))));
    await t.rejects(queue.append(record('eleventh')), { code: 'log-full', retryAfter: 1 });
    await turn();
    await t.rejects(queue.append(record('eleventh')), { code: 'log-full' });
    writer.acknowledge();
    await Promise.all(ten);

    const big = queue.append(record('big', 900));
    await t.rejects(queue.append(record('another', 100)), { code: 'log-full', retryAfter: 1 });
    await turn();
    writer.acknowledge();
    await big;
    await t.rejects(queue.append(record('giant', 1000)), { code: 'record-too-large' });
    t.equal(queue.pending, 0);
  },
);

await t.test(
  'what is not acknowledged in time is given up, and its late answer changes nothing',
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
    await turn();
    t.same(writer.groups, [['early']], 'what was given up before it was sent is never sent');
    const next = queue.append(record('next'));
    await turn();
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
  await turn();
  t.equal(drained, false);
  writer.acknowledge();
  await appending;
  await draining;
});

await t.test('abandon() gives up what is not being written yet', async (t) => {
  const writer = new Writer();
  const queue = new AppendQueue(LIMITS, writer.append);
  const written = queue.append(record('a'));
  await turn();
  const waiting = queue.append(record('b'));
  queue.abandon(new ServiceError('log-timeout', 'the thread died'));
  await t.rejects(waiting, { code: 'log-timeout' });
  writer.acknowledge();
  await written;
  t.same(writer.groups, [['a']]);
});
