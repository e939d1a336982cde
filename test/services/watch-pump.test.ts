import { EventEmitter } from 'node:events';
import t from 'tap';
import type { Watch, WatchEnd, WatchItem } from '../../src/services/watch.ts';
import { encodeOnce, pumpWatch } from '../../src/services/watch-pump.ts';
import { eventually } from '../../tools/support/eventually.ts';

const itemOf = (version: number): WatchItem => ({
  kind: 'snapshot',
  order: { id: 'order-1', status: 'accepted', version: 0 },
  token: `o.${version}`,
});

const encoder = { item: ({ token }: WatchItem) => token, heartbeat: (token: string) => `beat ${token}` };

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
  pumpWatch(watch, stream, { encoder, first: 'first', onEnd: (end) => ends.push(end) });
  t.same(stream.written, ['first', 'o.1']);
  wake();
  t.equal(items.length, 3, 'nothing is taken that cannot be written');
  stream.drain();
  t.same(stream.written.slice(2), ['o.2', 'o.3']);
  state.end = 'final';
  wake();
  t.same(ends, [], 'not before everything is written');
  stream.drain();
  t.equal(stream.written.at(-1), 'o.4');
  t.same(ends, ['final']);
  t.ok(state.isClosed);
});

await t.test('a stopped pump writes nothing more', async (t) => {
  const items: WatchItem[] = [];
  const { watch, state, wake } = fakeWatch(items);
  const stream = new SmallStream();
  const stop = pumpWatch(watch, stream, { encoder, heartbeatMs: 1, onEnd: () => t.fail('it is stopped') });
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
  const stop = pumpWatch(watch, stream, { encoder, heartbeatMs: 1, onEnd: () => undefined });
  await eventually(() => stream.written.length === 2, { what: 'two heartbeats' });
  t.same(stream.written, ['beat now', 'beat now']);
  stream.drain();
  await eventually(() => stream.written.length > 2, { what: 'a heartbeat after the drain' });
  stop();
});

await t.test('an item is encoded once for all watchers', async (t) => {
  let encodings = 0;
  const encode = encodeOnce(({ token }) => `${token} ${(encodings += 1)}`);
  const [one, other] = [itemOf(1), itemOf(1)];
  t.same([encode(one), encode(one), encode(other)], ['o.1 1', 'o.1 1', 'o.1 2']);
});
