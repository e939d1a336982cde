import t from 'tap';
import { sampledContext, sampledTraceparent, traceparentOf } from '../../src/base/trace-context.ts';
import { createTraceClock } from '../../src/tracing/clock.ts';
import { TraceIds } from '../../src/tracing/ids.ts';
import { isSampled } from '../../src/tracing/sampler.ts';
import { recordingTracer } from './recorded-spans.ts';

await t.test('a ratio traces that share of the requests', (t) => {
  const { tracer } = recordingTracer({ ratio: 0.1 });
  const traced = Array.from({ length: 20_000 }, () => tracer.startRequest(undefined)).filter(Boolean).length;
  t.ok(traced > 1_700 && traced < 2_300, `${traced} of 20,000`);
  t.end();
});

await t.test('processes agree on a trace; a higher ratio traces what a lower one does', (t) => {
  const ids = new TraceIds();
  for (let count = 0; count < 2_000; count += 1) {
    const traceId = ids.traceId();
    const sampled = [0, 0.1, 0.5, 0.9, 1].map((ratio) => isSampled(traceId, { ratio }));
    if (sampled.join() !== sampled.toSorted((a, b) => Number(a) - Number(b)).join()) t.fail(traceId);
    if (isSampled(traceId, { ratio: 0.5 }) !== sampled[2]) t.fail(traceId);
  }
  t.end();
});

await t.test('ids are unique and well formed', (t) => {
  const ids = new TraceIds();
  const made = Array.from({ length: 5_000 }, () => ({ traceId: ids.traceId(), spanId: ids.spanId() }));
  t.equal(new Set(made.flatMap(({ traceId, spanId }) => [traceId, spanId])).size, 10_000);
  for (const context of made) {
    const traceparent = sampledTraceparent(context);
    if (traceparentOf(traceparent) === undefined) t.fail(traceparent);
    t.same(sampledContext(traceparent), context);
  }
  t.end();
});

await t.test('only the context of a well-formed, sampled traceparent is read', (t) => {
  const ids = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';
  for (const flags of ['01', '03', 'ff', '0b']) t.ok(sampledContext(`00-${ids}-${flags}`), flags);
  for (const flags of ['00', '02', 'fe', '0a', '0A', '0B', 'zz'])
    t.notOk(sampledContext(`00-${ids}-${flags}`), flags);
  t.notOk(sampledContext(undefined));
  t.notOk(sampledContext(`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`));
  t.notOk(sampledContext(`01-${ids}-01`));
  t.end();
});

await t.test('the clock follows the monotonic clock, and the wall clock when that steps', (t) => {
  const world = { wall: 1_000_000, monotonic: 10 };
  const now = createTraceClock(
    () => world.wall,
    () => world.monotonic,
  );
  t.equal(now(), 1_000_000);
  world.monotonic += 0.25;
  t.equal(now(), 1_000_000.25);
  world.monotonic += 2_000;
  world.wall += 2_001;
  t.equal(now(), 1_002_000.25, 'the resolution of the wall clock is no step');
  world.monotonic += 2_000;
  world.wall -= 60_000;
  t.equal(now(), world.wall);
  t.end();
});
