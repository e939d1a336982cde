import { EventEmitter } from 'node:events';
import t from 'tap';
import type { Watch, WatchEnd, WatchItem } from '../../src/services/watch.ts';
import { encodeOnce } from '../../src/services/event-encoder.ts';
import { pumpWatch } from '../../src/services/watch-pump.ts';
import { sharedDelivery } from '../support/small-service.ts';
import { eventually } from '../../tools/support/eventually.ts';

const itemOf = (version: number): WatchItem => ({
  kind: 'snapshot',
  order: { id: 'order-1', status: 'accepted', version: 0 },
  token: `o.${version}`,
});

const options = {
  encoder: {
    protocol: 'sse' as const,
    item: ({ token }: WatchItem) => token,
    heartbeat: (token: string) => `beat ${token}`,
  },
  shared: sharedDelivery(),
  caller: 'a',
};

/** A watch whose items and end the test sets. */
function fakeWatch(items: WatchItem[]) {
  const state = { end: undefined as WatchEnd | undefined, isClosed: false };
  let wake: () => void = () => undefined;
  const watch: Watch = {
    take: () => items.shift(),
    onReadable: (listener) => (wake = listener),
    end: () => (items.length === 0 ? state.end : undefined),
    token: () => 'now',
    close: () => (state.isClosed = true),
  };
  return { watch, state, wake: () => wake() };
}

/** A stream that is full after `room` chunks until it is drained. */
class SmallStream extends EventEmitter {
  readonly written: string[] = [];
  room = 2;

  write(chunk: string): boolean {
    this.written.push(chunk);
    this.room -= 1;
    return this.room > 0;
  }

  drain(): void {
    this.room = 2;
    this.emit('drain');
  }
}

await t.test('invariant 9: items stay in the watch while the stream is full', async (t) => {
  const items = [1, 2, 3, 4].map(itemOf);
  const { watch, state, wake } = fakeWatch(items);
  const stream = new SmallStream();
  const ends: WatchEnd[] = [];
  pumpWatch(watch, stream, { ...options, first: 'first', onEnd: (end) => ends.push(end) });
  t.same(stream.written, ['first', 'o.1']);
  wake();
  t.equal(items.length, 3, 'nothing is taken that cannot be written');
  stream.drain();
  await eventually(() => stream.written.length === 4, { what: 'two more items' });
  t.same(stream.written.slice(2), ['o.2', 'o.3']);
  state.end = 'final';
  wake();
  t.same(ends, [], 'not before everything is written');
  stream.drain();
  await eventually(() => ends.length > 0, { what: 'the end' });
  t.equal(stream.written.at(-1), 'o.4');
  t.same(ends, ['final']);
  t.ok(state.isClosed);
});

await t.test('a stopped pump writes nothing more', async (t) => {
  const items: WatchItem[] = [];
  const { watch, state, wake } = fakeWatch(items);
  const stream = new SmallStream();
  const stop = pumpWatch(watch, stream, { ...options, heartbeatMs: 1, onEnd: () => t.fail('it is stopped') });
  await eventually(() => stream.written.length > 0, { what: 'a heartbeat' });
  stop();
  stop();
  const { length } = stream.written;
  items.push(itemOf(1));
  state.end = 'too-slow';
  wake();
  stream.drain();
  t.equal(stream.written.length, length);
  t.ok(state.isClosed);
});

await t.test('heartbeats carry the present token, and wait while the stream is full', async (t) => {
  const { watch } = fakeWatch([]);
  const stream = new SmallStream();
  const stop = pumpWatch(watch, stream, { ...options, heartbeatMs: 1, onEnd: () => undefined });
  await eventually(() => stream.written.length === 2, { what: 'two heartbeats' });
  t.same(stream.written, ['beat now', 'beat now']);
  stream.drain();
  await eventually(() => stream.written.length > 2, { what: 'a heartbeat after the drain' });
  stop();
});

await t.test(
  'a reader gets a little in each turn, joined to one chunk, and other work runs in between',
  async (t) => {
    const { watch } = fakeWatch(Array.from({ length: 5_000 }, (_, version) => itemOf(version)));
    const stream = new SmallStream();
    stream.room = Infinity;
    const text = 'x'.repeat(1_000);
    const encoder = { ...options.encoder, item: () => text, join: (chunks: string[]) => chunks.join('') };
    const stop = pumpWatch(watch, stream, { ...options, encoder, onEnd: () => undefined });
    t.equal(stream.written.length, 1, 'then it waits for its next turn');
    await eventually(() => stream.written.join('').length === 5_000_000, { what: 'everything' });
    t.ok(stream.written.every((chunk) => chunk.length <= 17_000));
    t.equal(options.shared.turns.waiting, 0);
    stop();
  },
);

await t.test('a reader that looks at many events without a match lets others run', async (t) => {
  let looks = 0;
  const { watch, state } = fakeWatch([]);
  const searching: Watch = {
    ...watch,
    take(turn) {
      if (turn !== undefined && looks < 1_000) {
        looks += turn.eventsLeft;
        turn.eventsLeft = 0;
      }
      return undefined;
    },
  };
  const stop = pumpWatch(searching, new SmallStream(), { ...options, onEnd: () => undefined });
  t.ok(looks < 500, `${looks} at once`);
  await eventually(() => looks >= 1_000, { what: 'the next turns' });
  stop();
  t.ok(state.isClosed);
});

await t.test('invariant 9: readers that do not read share a budget of bytes; the slowest is cut off', (t) => {
  const shared = sharedDelivery(100);
  const ends: string[] = [];
  const begin = (name: string) => {
    const stream = Object.assign(new SmallStream(), { writableLength: 60, room: 1 });
    const onEnd = (end: WatchEnd) => ends.push(`${name} ${end}`);
    return { stream, stop: pumpWatch(fakeWatch([itemOf(1)]).watch, stream, { ...options, shared, onEnd }) };
  };
  const first = begin('first');
  t.equal(shared.laggingReaders.bytes, 60);
  const second = begin('second');
  t.same(ends, ['first too-slow']);
  t.equal(shared.laggingReaders.bytes, 60);
  second.stream.drain();
  t.equal(shared.laggingReaders.bytes, 0, 'it reads again');
  first.stop();
  second.stop();
  t.equal(shared.turns.waiting, 0, 'a stopped reader has no turn');
  t.end();
});

await t.test('an item is encoded once for all watchers', async (t) => {
  let encodings = 0;
  const encode = encodeOnce(({ token }) => `${token} ${(encodings += 1)}`);
  const [one, other] = [itemOf(1), itemOf(1)];
  t.same([encode(one), encode(one), encode(other)], ['o.1 1', 'o.1 1', 'o.1 2']);
});
