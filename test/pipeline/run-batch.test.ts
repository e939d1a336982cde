import { pino } from 'pino';
import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { errorDetail } from '../../src/base/error-detail.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';
import { FailurePolicy } from '../../src/pipeline/failure-policy.ts';
import { PartitionOwnership } from '../../src/pipeline/partition-ownership.ts';
import { retried } from '../../src/pipeline/publish.ts';
import { BatchRunner, type BatchRunnerOptions } from '../../src/pipeline/run-batch.ts';
import type { BatchRequest, BatchResult, RetryRequest } from '../../src/processing/batch.ts';
import type { Outcome } from '../../src/processing/outcome.ts';
import { eventually } from '../../tools/support/eventually.ts';

function record(offset: number, partition = 0): LogRecord {
  return { partition, offset, timestamp: 0, key: Buffer.from(`order ${offset}`), value: null };
}

function result(records: LogRecord[], changes: Partial<BatchResult> = {}): BatchResult {
  const counts = {
    decided: { records: 0, deadLetters: 0 },
    ...{ placed: 0, moved: 0, refused: 0, retrying: 0, retried: 0, rescheduled: 0 },
    ...{ deadLetters: 0, deadLetterReasons: {}, replaysFailed: 0, redelivered: 0 },
  };
  return {
    statuses: encodeRecordFrame(records),
    deadLetters: encodeRecordFrame(records),
    counts,
    retryAt: undefined,
    completed: [],
    unstored: [],
    failures: [],
    ...changes,
  };
}

const offsetsOf = (records: readonly LogRecord[]) => records.map(({ offset }) => offset).join();

/** A runner of partitions 0 and 1 that records its steps as they end. */
function harness(changes: Partial<BatchRunnerOptions> = {}) {
  const steps: string[] = [];
  const metrics = createMetrics();
  const logger = createLogger('silent');
  const stopping = new AbortController();
  const failurePolicy = new FailurePolicy({
    breaker: { failures: 100, openMs: 10 },
    signal: stopping.signal,
    metrics,
    logger,
    clock: Date.now,
    monotonicClock: () => performance.now(),
  });
  const ownership = new PartitionOwnership({
    owner: 'this process',
    topic: 'orders.commands',
    metrics,
    batchMaxRecords: 3,
    maxRetryPauseMs: 30_000,
    clock: Date.now,
    monotonicClock: () => performance.now(),
    pool: {
      changeOwnership: ({ kind, partitions }) => {
        steps.push(`${kind} ${partitions.join()}`);
        return Promise.resolve([]);
      },
    },
    logger,
    signal: stopping.signal,
  });
  const runner = new BatchRunner({
    ownership,
    name: 'lane 0',
    topic: 'orders.commands',
    pool: {
      run: (request) => {
        if (request.kind === 'retry') return Promise.resolve(result([]));
        const records = decodeRecordFrame(request.frame);
        steps.push(`save ${offsetsOf(records)} on ${[...request.applied.values()].join()}`);
        return Promise.resolve(result(records));
      },
    },
    publish: (statuses) => {
      steps.push(`publish ${offsetsOf(decodeRecordFrame(statuses))}`);
      return Promise.resolve();
    },
    log: {
      append: ({ key }) => {
        steps.push(`dead letter of ${String(key)}`);
        return Promise.resolve({ partition: 0, offset: 0 });
      },
    },
    commit: (nextOffsets) => steps.push(`commit ${[...nextOffsets].join(' ')}`),
    failurePolicy,
    metrics,
    logger,
    clock: Date.now,
    monotonicClock: () => performance.now(),
    onAnswer: () => undefined,
    ...changes,
  });
  for (const partition of [0, 1]) runner.assign(partition, 5);
  return { runner, steps, stopping, metrics, ownership, failurePolicy };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

await t.test('invariant 4: a batch is saved, published and then committed', async (t) => {
  const { runner, steps } = harness();
  await runner.runBatch([record(5), record(6)], 'idle');
  await runner.publishingDone();
  await runner.runBatch([record(7)], 'idle');
  await runner.publishingDone();
  t.same(steps, [
    'save 5,6 on 5',
    'publish 5,6',
    'dead letter of order 5',
    'dead letter of order 6',
    'commit 0,7',
    'save 7 on 7',
    'publish 7',
    'dead letter of order 7',
    'commit 0,8',
  ]);
});

await t.test(
  'while a batch is published the next one is saved, but not published or committed',
  async (t) => {
    const commits: string[] = [];
    const acknowledge: (() => void)[] = [];
    const { runner, steps } = harness({
      publish: () => new Promise((resolve) => acknowledge.push(resolve)),
      commit: (nextOffsets) => commits.push([...nextOffsets].join(' ')),
    });
    await runner.runBatch([record(5)], 'idle');
    const second = runner.runBatch([record(6)], 'idle').then(() => 'done');
    await eventually(() => steps.includes('save 6 on 6'), { what: 'the second batch to be saved' });
    t.equal(acknowledge.length, 1);
    t.same(commits, [], 'nothing is committed before its statuses are acknowledged');
    t.equal(await Promise.race([second, turn().then(() => 'waits')]), 'waits');
    acknowledge[0]?.();
    await second;
    t.same(commits, ['0,6']);
    acknowledge[1]?.();
    await runner.publishingDone();
    t.same(commits, ['0,6', '0,7']);
  },
);

await t.test('a record of which the store accepts no row is logged and counted', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const unstored = [{ partition: 0, offset: 5, error: 'not in this store' }];
  const { runner, metrics } = harness({
    logger,
    pool: { run: () => Promise.resolve(result([], { unstored })) },
  });
  await runner.runBatch([record(5)], 'idle');
  t.match(lines, [
    { level: 50, topic: 'orders.commands', partition: 0, offset: 5, error: 'not in this store' },
  ]);
  const { values } = await metrics.recordsProcessed.get();
  t.match(
    values.find(({ labels }) => labels.outcome === 'unstored'),
    { value: 1 },
  );
});

await t.test(
  'an order that failed for good leaves one line with its whole error and its trace',
  async (t) => {
    const lines: Record<string, unknown>[] = [];
    const logger = createLogger('info', {
      write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    });
    const error = errorDetail(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const failure = {
      ...{ partition: 0, offset: 5, reason: 'retries-exhausted' as const },
      attempts: 20,
      replayCount: 0,
    };
    const failures = [
      { ...failure, orderId: 'o-1', error, traceparent },
      { ...failure, orderId: null, error, traceparent: undefined },
    ];
    const { runner } = harness({ logger, pool: { run: () => Promise.resolve(result([], { failures })) } });
    await runner.runBatch([record(5)], 'idle');
    t.match(lines, [
      {
        ...{ level: 50, orderId: 'o-1', reason: 'retries-exhausted', attempts: 20, partition: 0, offset: 5 },
        err: {
          ...{ type: 'TypeError', message: 'fetch failed', stack: /^TypeError: fetch failed\n +at / },
          cause: { type: 'Error', message: 'connect ECONNREFUSED' },
        },
        trace_id: '0af7651916cd43dd8448eb211c80319c',
        msg: 'An order failed for good and is a dead letter now: fetch failed: connect ECONNREFUSED',
      },
      { level: 50, msg: /^A record failed/, orderId: undefined, trace_id: undefined },
    ]);
  },
);

await t.test('a failed publication is retried; if the service stops first, nothing follows it', async (t) => {
  let attempts = 0;
  const { runner, steps, stopping } = harness({
    publish: retried(() => {
      attempts += 1;
      return Promise.reject(new ServiceError('log-timeout', 'No answer.'));
    }),
  });
  await runner.runBatch([record(5)], 'idle');
  await eventually(() => attempts >= 2, { what: 'another attempt' });
  const second = runner.runBatch([record(6)], 'idle');
  stopping.abort();
  await t.rejects(second, { code: 'log-timeout' });
  await t.rejects(runner.publishingDone(), { code: 'log-timeout' });
  t.notOk(steps.some((step) => step.startsWith('commit')));
});

await t.test('records of a lost partition are skipped, also when a failed batch is retried', async (t) => {
  let failures = 1;
  const saved: string[] = [];
  const { runner } = harness({
    pool: {
      run: (request) => {
        if (request.kind === 'retry') return Promise.resolve(result([]));
        if (failures-- > 0) {
          runner.revoke([0]);
          return Promise.reject(new ServiceError('progress-conflict', 'Another process owns it.'));
        }
        const records = decodeRecordFrame(request.frame);
        saved.push(records.map(({ partition, offset }) => `${partition}:${offset}`).join());
        return Promise.resolve(result(records));
      },
    },
  });
  await runner.runBatch([record(5, 0), record(5, 1)], 'idle');
  t.same(saved, ['1:5']);
  await runner.runBatch([record(6, 0)], 'idle');
  t.same(saved, ['1:5'], 'a batch without owned partitions is not run');
});

await t.test('a partition that is lost while its batch is saved stays lost', async (t) => {
  const retried: number[][] = [];
  const { runner, steps } = harness({
    pool: {
      run: (request) => {
        if (request.kind === 'retry') {
          retried.push(request.partitions);
          return Promise.resolve(result([]));
        }
        const records = decodeRecordFrame(request.frame);
        steps.push(`save ${offsetsOf(records)}`);
        runner.revoke([0]);
        return Promise.resolve(result([]));
      },
    },
  });
  await runner.runBatch([record(5, 0)], 'idle');
  await runner.runBatch([record(6, 0)], 'idle');
  await runner.runRetries();
  t.same(steps, ['save 5', 'commit 0,6'], 'its later records are skipped');
  t.same(retried, [[1]], 'its retries belong to its next owner');
});

await t.test('the effects of a retry are published, and nothing is committed', async (t) => {
  const { runner, steps } = harness({
    pool: { run: () => Promise.resolve(result([record(1)], { completed: ['order 1'] })) },
  });
  await runner.runRetries();
  await runner.publishingDone();
  t.same(steps, ['publish 1', 'dead letter of order 1']);
});

await t.test('completed retries are purged by the next run, once their effects are published', async (t) => {
  const purged: (readonly string[])[] = [];
  let isPublished = false;
  const { runner } = harness({
    pool: {
      run: (request) => {
        if (request.kind === 'batch') return Promise.reject(new Error('no batch'));
        t.same(request.partitions, [0, 1]);
        t.equal(isPublished, purged.length > 0, 'the previous run is published');
        purged.push(request.published);
        return Promise.resolve(
          result([record(1)], { completed: purged.length === 1 ? ['order 1'] : [], retryAt: undefined }),
        );
      },
    },
    publish: async () => {
      await turn();
      isPublished = true;
    },
  });
  const before = Date.now();
  const dueAt = await runner.runRetries();
  t.ok(dueAt !== undefined && dueAt > before && dueAt <= Date.now() + 1_000, 'a run is scheduled to purge');
  t.equal(await runner.runRetries(), undefined);
  t.same(purged, [[], ['order 1']]);
});

await t.test('after the end of a thread no call leaves its batch, until the cause is found', async (t) => {
  let crashes = 2;
  const runs: string[] = [];
  const { runner } = harness({
    pool: {
      run: (request) => {
        const orders =
          request.kind === 'batch' ? offsetsOf(decodeRecordFrame(request.frame)) : `limit ${request.limit}`;
        runs.push(`${orders}${request.patient === true ? ' patiently' : ''}`);
        if (crashes-- > 0) return Promise.reject(new ServiceError('worker-failed', 'The thread ended.'));
        return Promise.resolve(result([], request.kind === 'retry' ? {} : { retryAt: 0 }));
      },
    },
  });
  await runner.runBatch([record(5), record(6)], 'idle');
  await runner.runBatch([record(7)], 'idle');
  t.same(runs.splice(0), ['5,6', '5,6 patiently', '5 patiently', '6 patiently', '7']);
  crashes = 2;
  await runner.runRetries();
  t.same(runs, ['limit 512', 'limit 512 patiently', 'limit 1 patiently']);
});

await t.test('retries deferred as a flood are reported until a run of due retries defers none', async (t) => {
  const floods: (string | undefined)[] = ['Fix it.', undefined, undefined];
  const { runner, failurePolicy } = harness({
    pool: { run: () => Promise.resolve(result([], { flood: floods.shift() })) },
  });
  await runner.runRetries();
  t.equal(failurePolicy.readinessProblem(), 'Fix it.');
  await runner.runAnswers();
  t.equal(failurePolicy.readinessProblem(), 'Fix it.', 'applying answers retries no due order');
  await runner.runRetries();
  t.equal(failurePolicy.readinessProblem(), undefined);
});

await t.test('the answers of slow calls', async (t) => {
  const CONFIRMED: Outcome = { status: 'confirmed', reason: null };
  const requests: (BatchRequest | RetryRequest)[] = [];
  const woken: string[] = [];
  let postponed: string[] = [];
  let used: string[] = [];
  let answer: (orderId: string, outcome: Outcome) => void = () => undefined;
  const { runner } = harness({
    isOnlyProcess: true,
    pool: {
      run: (request, onAnswer) => {
        requests.push(request);
        answer = onAnswer ?? answer;
        return Promise.resolve(result([], { postponed, answered: used }));
      },
    },
    onAnswer: () => woken.push('woken'),
  });
  const last = () => requests.at(-1) as RetryRequest;
  const answered = () => [...(last().answers ?? [])].map(([orderId]) => orderId);

  await t.test('wake the lane and are applied without due retries', async (t) => {
    await runner.runBatch([record(5)], 'idle');
    t.notOk(runner.hasAnswers);
    answer('order 5', CONFIRMED);
    t.same(woken, ['woken']);
    t.ok(runner.hasAnswers);
    await runner.runAnswers();
    t.match(last(), { kind: 'retry', limit: 0, partitions: [0, 1] });
    t.same(answered(), ['order 5']);
    t.notOk(runner.hasAnswers);
  });

  await t.test('are applied by a run of due retries as well', async (t) => {
    answer('order 6', CONFIRMED);
    await runner.runRetries();
    t.match(last(), { limit: 512, orphaned: true });
    t.same(answered(), ['order 6']);
    await runner.runRetries();
    t.match(last(), { orphaned: false }, 'lost calls are looked for once after an assignment');
    t.same(answered(), []);
  });

  await t.test('stay if the run had no room for them', async (t) => {
    for (let index = 0; index < 70; index += 1) answer(`order ${index}`, CONFIRMED);
    postponed = ['order 3'];
    await runner.runAnswers();
    t.equal(answered().length, 64);
    postponed = [];
    await runner.runAnswers();
    t.same(answered(), ['order 3', ...[64, 65, 66, 67, 68, 69].map((index) => `order ${index}`)]);
    t.notOk(runner.hasAnswers);
  });

  await t.test('are applied once: those that a batch used are forgotten', async (t) => {
    answer('order 7', CONFIRMED);
    answer('order 8', CONFIRMED);
    used = ['order 7'];
    await runner.runBatch([record(7)], 'idle');
    used = [];
    await runner.runAnswers();
    t.same(answered(), ['order 8']);
  });
});
