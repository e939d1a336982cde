import fc from 'fast-check';
import t from 'tap';
import type { LogRecord } from '../../src/base/log-record.ts';
import { Lane, type BatchTrigger, type LaneOptions } from '../../src/pipeline/lane.ts';
import { eventually } from '../../tools/support/eventually.ts';

function record(offset: number, partition = 0, size = 10): LogRecord {
  return { partition, offset, timestamp: 0, key: null, value: Buffer.alloc(size) };
}

interface Started {
  batch: LogRecord[];
  trigger: BatchTrigger;
  finish: (retryAt?: number) => void;
  fail: () => void;
}

function harness(changes: Partial<LaneOptions> = {}) {
  const started: Started[] = [];
  const flow: string[] = [];
  const lane = new Lane({
    maxRecords: 3,
    maxBytes: 1_000,
    maxWaitMs: 20,
    mustWait: () => false,
    run: (batch, trigger) =>
      new Promise((resolve, reject) => {
        started.push({ batch, trigger, finish: resolve, fail: () => reject(new Error('given up')) });
      }),
    retry: () => Promise.resolve(undefined),
    onFree: () => undefined,
    pause: () => flow.push('pause'),
    resume: () => flow.push('resume'),
    clock: () => performance.now(),
    ...changes,
  });
  const push = (...records: LogRecord[]) => {
    for (const one of records) lane.push(one);
    lane.dispatch();
  };
  return { lane, started, flow, push };
}

const offsets = (batch: LogRecord[] | undefined) => batch?.map(({ offset }) => offset);
const turn = () => new Promise((resolve) => setImmediate(resolve));

await t.test('a free lane takes what there is at once; a busy one lets the next batch grow', async (t) => {
  const { started, push } = harness();
  push(record(0));
  push(record(1));
  push(record(2));
  t.same(
    started.map(({ trigger }) => trigger),
    ['idle'],
  );
  t.same(offsets(started[0]?.batch), [0]);
  started[0]?.finish();
  await turn();
  t.same(offsets(started[1]?.batch), [1, 2]);
});

await t.test('a batch closes at its size and at its bytes', async (t) => {
  const { started, push } = harness();
  push(record(0), record(1), record(2), record(3));
  t.same(offsets(started[0]?.batch), [0, 1, 2]);
  t.equal(started[0]?.trigger, 'size');

  const heavy = harness();
  heavy.push(record(0, 0, 600), record(1, 0, 600), record(2, 0, 600));
  t.equal(heavy.started[0]?.trigger, 'size');
  const bytes = harness({ maxRecords: 100 });
  bytes.push(record(0, 0, 600), record(1, 0, 600));
  t.equal(bytes.started[0]?.trigger, 'bytes');
  t.same(offsets(bytes.started[0]?.batch), [0], 'the record that would not fit waits');
});

await t.test('a record larger than a batch may be is a batch of its own', async (t) => {
  const { started, push } = harness();
  push(record(0, 0, 5_000), record(1));
  t.same(offsets(started[0]?.batch), [0]);
});

await t.test(
  'while another lane writes it collects, until the first record is too old or its turn comes',
  async (t) => {
    let othersWrite = true;
    const { lane, started, push } = harness({ mustWait: () => othersWrite });
    push(record(0));
    t.equal(started.length, 0);
    await eventually(() => started.length === 1, { what: 'the batch grew too old' });
    t.equal(started[0]?.trigger, 'age');
    started[0]?.finish();
    await turn();

    push(record(1), record(2));
    t.equal(started.length, 1);
    othersWrite = false;
    lane.dispatch();
    t.equal(started[1]?.trigger, 'turn');
    t.same(offsets(started[1]?.batch), [1, 2]);
    started[1]?.finish();
  },
);

await t.test(
  'two lanes of one writer take turns: the end of a batch starts the one that waits',
  async (t) => {
    const lanes: Lane[] = [];
    const started: { lane: number; trigger: BatchTrigger; finish: (retryAt?: number) => void }[] = [];
    const others = (index: number) => lanes.filter((_, other) => other !== index);
    for (const index of [0, 1]) {
      const { lane } = harness({
        maxWaitMs: 60_000,
        mustWait: () => others(index).some((other) => other.isRunning),
        run: (_, trigger) =>
          new Promise((resolve) => {
            started.push({ lane: index, trigger, finish: resolve });
          }),
        onFree: () => {
          for (const other of others(index)) other.dispatch();
        },
      });
      lanes.push(lane);
    }
    lanes[0]?.push(record(0));
    lanes[0]?.dispatch();
    lanes[0]?.push(record(1));
    lanes[1]?.push(record(0, 1));
    lanes[1]?.dispatch();
    t.equal(started.length, 1);
    started[0]?.finish();
    await turn();
    t.match(started[1], { lane: 1, trigger: 'turn' });
    started[1]?.finish();
    await turn();
    t.match(started[2], { lane: 0, trigger: 'turn' });
    started[2]?.finish();
  },
);

await t.test('a full lane pauses its partitions and resumes them when there is room', async (t) => {
  const { started, flow, push } = harness();
  push(...Array.from({ length: 15 }, (_, offset) => record(offset)));
  t.same(flow, ['pause']);
  for (let batches = 0; flow.length < 2; batches += 1) {
    started[batches]?.finish();
    await turn();
    t.ok(batches < 6, 'it resumes within the backlog');
  }
  t.same(flow, ['pause', 'resume']);
  t.equal(started.length, 4, 'it resumed when less than two batches were left');
});

await t.test('released partitions are forgotten, and the batch in flight is waited for', async (t) => {
  const { lane, started, push } = harness();
  push(record(0, 0));
  push(record(1, 0), record(0, 1));
  let isReleased = false;
  const releasing = lane.release([0]).then(() => (isReleased = true));
  await turn();
  t.equal(isReleased, false);
  started[0]?.finish();
  await releasing;
  t.same(
    started[1]?.batch.map(({ partition }) => partition),
    [1],
  );
  await lane.release([0]);
});

await t.test('a batch that is given up halts the lane: nothing overtakes it', async (t) => {
  const { lane, started, flow, push } = harness();
  push(record(0));
  push(record(1));
  started[0]?.fail();
  await turn();
  push(record(2));
  lane.dispatch();
  t.equal(started.length, 1);
  t.equal(flow.at(-1), 'pause');
  t.equal(lane.queuedRecords, 0);
});

await t.test(
  'however records arrive and batches end, order is kept and never two batches are in flight',
  async () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 7 }) }),
      fc.record({ finish: fc.constant(true) }),
      fc.record({ othersWrite: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        let othersWrite = false;
        let pushed = 0;
        const { lane, started, push } = harness({ mustWait: () => othersWrite, maxWaitMs: 0 });
        let finished = 0;
        const finishOne = async () => {
          const next = started[finished];
          if (next === undefined) return;
          finished += 1;
          next.finish();
          await turn();
        };
        for (const action of steps) {
          if ('push' in action) push(...Array.from({ length: action.push }, () => record(pushed++)));
          else if ('finish' in action) await finishOne();
          else othersWrite = action.othersWrite;
          if (started.length > finished + 1) return false;
        }
        othersWrite = false;
        lane.dispatch();
        while (finished < started.length) await finishOne();
        const seen = started.flatMap(({ batch }) => batch.map(({ offset }) => offset));
        return seen.length === pushed && seen.every((offset, index) => offset === index);
      }),
      { numRuns: 200 },
    );
  },
);

await t.test('a retry that is due', async (t) => {
  const retried: ((retryAt?: number) => void)[] = [];
  const retry = () => new Promise<number | undefined>((resolve) => retried.push(resolve));

  await t.test(
    'waits for the batch in flight, goes before the next one, and then lets one through',
    async (t) => {
      const { lane, started, push } = harness({ retry });
      push(record(0));
      lane.retryAt(0);
      push(record(1));
      await turn();
      t.equal(retried.length, 0, 'one thing at a time');
      started[0]?.finish();
      await turn();
      t.equal(retried.length, 1);
      t.equal(started.length, 1);
      retried[0]?.(0);
      await turn();
      t.same(offsets(started[1]?.batch), [1], 'more is due, but the records have their turn');
      started[1]?.finish();
      await turn();
      t.equal(retried.length, 2);
      retried[1]?.();
      lane.close();
    },
  );

  await t.test('wakes the lane when its time comes, which a batch may have told', async (t) => {
    const { lane, started, push } = harness({ retry });
    retried.length = 0;
    push(record(0));
    const dueAt = performance.now() + 30;
    started[0]?.finish(dueAt);
    await eventually(() => retried.length === 1, { what: 'the retry to be run' });
    t.ok(performance.now() >= dueAt, 'not before it is due');
    retried[0]?.();
    await turn();
    t.notOk(lane.isRunning);
    lane.close();
  });

  await t.test('is forgotten by a lane that is closed', async (t) => {
    const { lane } = harness({ retry });
    retried.length = 0;
    lane.retryAt(0);
    lane.close();
    lane.retryFirst();
    lane.dispatch();
    await turn();
    t.equal(retried.length, 0);
  });

  await t.test('concerns every partition of the lane: a release waits for it', async (t) => {
    const { lane } = harness({ retry });
    retried.length = 0;
    lane.retryFirst();
    lane.dispatch();
    let released = false;
    const releasing = lane.release([7]).then(() => (released = true));
    await turn();
    t.notOk(released);
    retried[0]?.();
    await releasing;
    lane.close();
  });
});
