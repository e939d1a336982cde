import fc from 'fast-check';
import t from 'tap';
import type { LogRecord } from '../../src/base/log-record.ts';
import { Lane, type LaneOptions } from '../../src/pipeline/lane.ts';
import type { BatchTrigger } from '../../src/pipeline/batch-metrics.ts';
import { eventually } from '../../tools/support/eventually.ts';

function record(offset: number, partition = 0, size = 10): LogRecord {
  return { partition, offset, timestamp: 0, key: null, value: Buffer.alloc(size) };
}

interface Started {
  batch: readonly LogRecord[];
  trigger: BatchTrigger;
  finish: (dueAt?: number) => void;
  fail: () => void;
}

function harness(changes: Partial<LaneOptions> = {}, runnerChanges: Partial<LaneOptions['runner']> = {}) {
  const started: Started[] = [];
  const flow: string[] = [];
  let hasAnswers = false;
  const lane = new Lane({
    batchMaxRecords: 3,
    batchMaxBytes: 1_000,
    batchMaxWaitMs: 20,
    mustWait: () => false,
    runner: {
      assign: () => undefined,
      revoke: () => undefined,
      runBatch: (batch, trigger) =>
        new Promise((resolve, reject) => {
          started.push({ batch, trigger, finish: resolve, fail: () => reject(new Error('given up')) });
        }),
      runRetries: () => Promise.resolve(undefined),
      runAnswers: () => Promise.resolve(undefined),
      get hasAnswers() {
        return hasAnswers;
      },
      publishingDone: () => Promise.resolve(),
      ...runnerChanges,
    },
    onFree: () => undefined,
    onFailed: ({ message }) => flow.push(message),
    pause: () => flow.push('pause'),
    resume: () => flow.push('resume'),
    clock: () => performance.now(),
    monotonicClock: () => performance.now(),
    maxRetryPauseMs: 30_000,
    ...changes,
  });
  const push = (...records: LogRecord[]) => {
    for (const one of records) lane.push(one);
    lane.dispatch();
  };
  const setAnswers = (value: boolean) => (hasAnswers = value);
  return { lane, started, flow, push, setAnswers };
}

const offsets = (batch: readonly LogRecord[] | undefined) => batch?.map(({ offset }) => offset);
const turn = () => new Promise((resolve) => setImmediate(resolve));

await t.test('an idle lane starts a batch at once; while it is busy, the next batch grows', async (t) => {
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
  const bytes = harness({ batchMaxRecords: 100 });
  bytes.push(record(0, 0, 600), record(1, 0, 600));
  t.equal(bytes.started[0]?.trigger, 'bytes');
  t.same(offsets(bytes.started[0]?.batch), [0], 'the record that would not fit waits');
});

await t.test('taken and dropped records no longer count as queued bytes', async (t) => {
  const { lane, started, push } = harness({ batchMaxRecords: 100 });
  push(record(0, 0, 600), record(1, 0, 600));
  started[0]?.finish();
  await turn();
  t.same([started[1]?.trigger, offsets(started[1]?.batch)], ['idle', [1]]);
  push(record(2, 0, 600), record(3, 0, 600), record(0, 1));
  const revoking = lane.revoke([0]);
  started[1]?.finish();
  await revoking;
  t.same([started[2]?.trigger, offsets(started[2]?.batch)], ['idle', [0]]);
});

await t.test('a record larger than the byte limit is a batch of its own', async (t) => {
  const { started, push } = harness();
  push(record(0, 0, 5_000), record(1));
  t.same(offsets(started[0]?.batch), [0]);
});

await t.test(
  'while another lane writes, a lane collects until its first record is too old or the other lane finishes',
  async (t) => {
    let othersWrite = true;
    let now = 0;
    const { lane, started, push } = harness({ mustWait: () => othersWrite, monotonicClock: () => now });
    push(record(0));
    t.equal(started.length, 0);
    now = 20;
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

await t.test('two lanes with one writer take turns: when one finishes, the waiting one starts', async (t) => {
  const lanes: Lane[] = [];
  const started: { lane: number; trigger: BatchTrigger; finish: (dueAt?: number) => void }[] = [];
  const others = (index: number) => lanes.filter((_, other) => other !== index);
  for (const index of [0, 1]) {
    const { lane } = harness(
      {
        batchMaxWaitMs: 60_000,
        mustWait: () => others(index).some((other) => other.isRunning),
        onFree: () => {
          for (const other of others(index)) other.dispatch();
        },
      },
      {
        runBatch: (_, trigger) =>
          new Promise((resolve) => {
            started.push({ lane: index, trigger, finish: resolve });
          }),
      },
    );
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
});

await t.test(
  'invariant 9: a full lane pauses its partitions and resumes them when there is room',
  async (t) => {
    const { started, flow, push } = harness();
    push(...Array.from({ length: 15 }, (_, offset) => record(offset)));
    t.same(flow, ['pause']);
    for (let batches = 0; flow.length < 2; batches += 1) {
      started[batches]?.finish();
      await turn();
      t.ok(batches < 6, 'it resumes within the backlog');
    }
    t.same(flow, ['pause', 'resume']);
    t.equal(started.length, 4, 'it resumes when less than two batches are left');
  },
);

await t.test('a revocation drops what is queued and waits for the batch in flight', async (t) => {
  const { lane, started, push } = harness();
  push(record(0, 0));
  push(record(1, 0), record(0, 1));
  let isRevoked = false;
  const revoking = lane.revoke([0]).then(() => (isRevoked = true));
  await turn();
  t.equal(isRevoked, false);
  started[0]?.finish();
  await revoking;
  t.same(
    started[1]?.batch.map(({ partition }) => partition),
    [1],
  );
  await lane.revoke([0]);
});

await t.test('a revocation waits for what is being published and reports its failure', async (t) => {
  const { lane } = harness({}, { publishingDone: () => Promise.reject(new Error('stopped')) });
  await t.rejects(lane.revoke([0]), { message: 'stopped' });
});

await t.test('a batch that fails for good halts the lane: nothing overtakes it', async (t) => {
  const { lane, started, flow, push } = harness();
  push(record(0));
  push(record(1));
  started[0]?.fail();
  await turn();
  push(record(2));
  lane.dispatch();
  t.equal(started.length, 1);
  t.same(flow, ['pause', 'given up']);
});

await t.test('invariant 2: a lane has one batch in flight and keeps the order of its records', async () => {
  const step = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 7 }) }),
    fc.record({ finish: fc.constant(true) }),
    fc.record({ othersWrite: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      let othersWrite = false;
      let pushed = 0;
      const { lane, started, push } = harness({ mustWait: () => othersWrite, batchMaxWaitMs: 0 });
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
});

await t.test('a run of retries that is due', async (t) => {
  const retried: ((dueAt?: number) => void)[] = [];
  const runRetries = () => new Promise<number | undefined>((resolve) => retried.push(resolve));

  await t.test(
    'waits for the batch in flight, runs before the next one, and then lets one through',
    async (t) => {
      const { lane, started, push } = harness({}, { runRetries });
      push(record(0));
      lane.assign(0, 0);
      push(record(1));
      await turn();
      t.equal(retried.length, 0, 'one thing at a time');
      started[0]?.finish();
      await turn();
      t.equal(retried.length, 1);
      t.equal(started.length, 1);
      retried[0]?.(0);
      await turn();
      t.same(offsets(started[1]?.batch), [1], 'more is due, but now the records go first');
      started[1]?.finish();
      await turn();
      t.equal(retried.length, 2);
      retried[1]?.();
      lane.close();
    },
  );

  await t.test('wakes the lane at the due time that a batch returned', async (t) => {
    const { lane, started, push } = harness({}, { runRetries });
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

  await t.test('applies answers of slow calls at once, but after at most one batch', async (t) => {
    const steps: string[] = [];
    const finishers: (() => void)[] = [];
    const begin = (step: string) => {
      steps.push(step);
      return new Promise<undefined>((resolve) => finishers.push(() => resolve(undefined)));
    };
    const runner = {
      runAnswers: () => begin('answers'),
      runBatch: (batch: readonly LogRecord[]) => begin(`batch ${String(offsets(batch))}`),
    };
    const { lane, push, setAnswers } = harness({}, runner);
    setAnswers(true);
    lane.dispatch();
    t.same(steps, ['answers'], 'an idle lane starts at once');
    push(record(0), record(1), record(2), record(3));
    finishers.shift()?.();
    await turn();
    t.same(steps, ['answers', 'batch 0,1,2'], 'now the records go first');
    finishers.shift()?.();
    await turn();
    t.same(steps.at(-1), 'answers');
    setAnswers(false);
    finishers.shift()?.();
    await turn();
    t.same(steps.at(-1), 'batch 3');
    lane.close();
  });

  await t.test(
    'runs before the records of a new partition, even if another run has just ended',
    async (t) => {
      const clock = () => 0;
      const { lane, started, push } = harness({ clock, monotonicClock: clock }, { runRetries });
      retried.length = 0;
      lane.assign(0, 0);
      lane.dispatch();
      retried[0]?.();
      await turn();
      push(record(0));
      lane.assign(1, 0);
      push(record(1), record(0, 1));
      started[0]?.finish();
      await turn();
      t.same([retried.length, started.length], [2, 1]);
      retried[1]?.();
      await turn();
      t.same([retried.length, started.length], [2, 2]);
      lane.close();
    },
  );

  await t.test('does not start in a closed lane', async (t) => {
    const { lane } = harness({}, { runRetries });
    retried.length = 0;
    lane.assign(0, 0);
    lane.close();
    lane.assign(0, 0);
    lane.dispatch();
    await turn();
    t.equal(retried.length, 0);
  });

  await t.test('affects every partition of the lane: a revocation waits for it', async (t) => {
    const { lane } = harness({}, { runRetries });
    retried.length = 0;
    lane.assign(0, 0);
    lane.dispatch();
    let isRevoked = false;
    const revoking = lane.revoke([7]).then(() => (isRevoked = true));
    await turn();
    t.notOk(isRevoked);
    retried[0]?.();
    await revoking;
    lane.close();
  });
});

await t.test('a revocation reaches the runner before the batch in flight ends', async (t) => {
  const revoked: number[] = [];
  const { lane, started, push } = harness({}, { revoke: (partitions) => revoked.push(...partitions) });
  push(record(0, 1), record(0, 2));
  const revoking = lane.revoke([1]);
  t.same(revoked, [1], 'so that another attempt of the batch skips the partition');
  started[0]?.finish();
  await revoking;
});
