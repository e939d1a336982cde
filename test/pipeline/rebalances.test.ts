import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { createLogger } from '../../src/base/logger.ts';
import { toError } from '../../src/base/errors.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';
import type { ConsumerHandlers } from '../../src/log/event-log.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import type { BatchResult } from '../../src/processing/batch.ts';

const PARTITIONS = [0, 1, 2, 3, 4];
const NOTHING = encodeRecordFrame([]);

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A pipeline on a log, threads and a store that the test plays; it refuses what breaks a rule. */
class World {
  /** partition → offset after the last record that is saved, published or committed */
  readonly saved = new Map<number, number>();
  readonly published = new Map<number, number>();
  readonly committed = new Map<number, number>();
  /** from the moment at which the log assigns them until their revocation is answered */
  readonly owned = new Set<number>();
  /** the partitions of the tasks in flight, batches and runs of retries */
  readonly inFlight: Set<number>[] = [];
  /** finish a task, or acknowledge a publication */
  readonly pending: (() => void)[] = [];
  /** partition → offset to read next */
  readonly #read = new Map<number, number>();
  /** partition → offset to process next */
  readonly #expected = new Map<number, number>();
  readonly #pipeline: Pipeline;
  #handlers: ConsumerHandlers | undefined;
  #rebalance: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(lanes: number) {
    const clocks = { clock: Date.now, monotonicClock: () => performance.now() };
    this.#pipeline = new Pipeline({
      ...{ lanes, batchMaxRecords: 3, batchMaxBytes: 100_000, batchMaxWaitMs: 0, writers: lanes },
      log: {
        progressName: (topic) => topic,
        append: () => Promise.resolve({ partition: 0, offset: 0 }),
        consumer: (_topic, handlers) => {
          this.#handlers = handlers;
          return {
            start: () => Promise.resolve(),
            stop: async () => {
              this.rebalance('revoke', PARTITIONS);
              await this.#rebalance;
            },
            ...{ pause: () => undefined, resume: () => undefined, lag: () => new Map() },
            commit: (nextOffsets) => this.#check(() => this.#commit(nextOffsets)),
          };
        },
      },
      pool: {
        run: async (request) => {
          const records = request.kind === 'batch' ? decodeRecordFrame(request.frame) : [];
          const partitions = records.map(({ partition }) => partition);
          const task = new Set('partitions' in request ? request.partitions : partitions);
          this.#check(() => this.#begin(task, records));
          await new Promise<void>((resolve) => this.pending.push(resolve));
          this.inFlight.splice(this.inFlight.indexOf(task), 1);
          advance(this.saved, records);
          return resultOf(records);
        },
        changeOwnership: () => Promise.resolve([]),
        drain: () => undefined,
      },
      publish: async (statuses) => {
        await new Promise<void>((resolve) => this.pending.push(resolve));
        advance(this.published, decodeRecordFrame(statuses));
      },
      reader: { progress: (_topic, partition) => Promise.resolve(this.saved.get(partition)) },
      verifyLog: () => Promise.resolve([]),
      breaker: { failures: 3, openMs: 50 },
      ...{ releaseTimeoutMs: 60_000, maxRetryPauseMs: 30_000, ...clocks },
      ...{ metrics: createMetrics(), logger: createLogger('silent') },
    });
  }

  start(): Promise<void> {
    return this.#pipeline.start();
  }

  /** The log announces one rebalance at a time: does nothing during another one. */
  rebalance(kind: 'assign' | 'revoke', wanted: readonly number[]): void {
    const partitions = wanted.filter((partition) => this.owned.has(partition) === (kind === 'revoke'));
    if (this.#rebalance !== undefined || partitions.length === 0) return;
    this.#rebalance = (kind === 'assign' ? this.#assign(partitions) : this.#revoke(partitions))
      .catch((error: unknown) => this.#note(error))
      .finally(() => (this.#rebalance = undefined));
  }

  /** The log delivers records, also of a partition that is being revoked. */
  read(partition: number, count: number): void {
    const from = this.#read.get(partition);
    if (from === undefined) return;
    this.#read.set(partition, from + count);
    const records = Array.from({ length: count }, (_, index) => recordAt(partition, from + index));
    this.#handlers?.onRecords(records);
  }

  async finish(index: number): Promise<void> {
    const [next] = this.pending.splice(index % Math.max(1, this.pending.length), 1);
    next?.();
    await turn();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async finishAll(): Promise<void> {
    do await this.finish(0);
    while (this.pending.length > 0);
  }

  async stop(): Promise<void> {
    const stopping = this.#pipeline.stop();
    await this.finishAll();
    await stopping;
    await this.finish(0);
  }

  /** Every record that was read was saved, published and committed. */
  get isDone(): boolean {
    return [...this.#read].every(([partition, read]) => {
      return [this.saved, this.published, this.committed].every(
        (done) => (done.get(partition) ?? 0) === read,
      );
    });
  }

  async #assign(partitions: number[]): Promise<void> {
    for (const partition of partitions) this.owned.add(partition);
    const committed = partitions.map((partition) => [partition, this.committed.get(partition)] as const);
    const starts = await this.#handlers?.onAssigned(new Map(committed));
    for (const [partition, from] of starts ?? []) {
      this.#read.set(partition, from === 'earliest' ? 0 : from);
      this.#expected.set(partition, from === 'earliest' ? 0 : from);
    }
  }

  async #revoke(partitions: number[]): Promise<void> {
    await this.#handlers?.onRevoked(partitions);
    this.#check(() => {
      for (const partition of partitions) {
        assert.ok(!this.#isInFlight(partition), `partition ${partition} is released while it is in work`);
        this.owned.delete(partition);
        this.#read.delete(partition);
      }
    });
  }

  #begin(task: Set<number>, records: readonly LogRecord[]): void {
    for (const partition of task) {
      assert.ok(!this.#isInFlight(partition), `two tasks have partition ${partition}`);
      assert.ok(this.owned.has(partition), `a task has partition ${partition} after it was released`);
    }
    for (const { partition, offset } of records) {
      assert.equal(offset, this.#expected.get(partition) ?? 0, `partition ${partition} is read in order`);
      this.#expected.set(partition, offset + 1);
    }
    this.inFlight.push(task);
  }

  #commit(nextOffsets: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of nextOffsets) {
      assert.ok(this.owned.has(partition), `a commit for partition ${partition} after it was released`);
      assert.ok(offset <= (this.published.get(partition) ?? 0), `${offset} is committed and not published`);
      this.committed.set(partition, offset);
    }
  }

  #isInFlight(partition: number): boolean {
    return this.inFlight.some((task) => task.has(partition));
  }

  /** The pipeline would retry what throws, so the first failure ends the test later. */
  #check(rule: () => void): void {
    try {
      rule();
    } catch (error) {
      this.#note(error);
    }
  }

  #note(error: unknown): void {
    this.#failure ??= toError(error);
  }
}

function advance(offsets: Map<number, number>, records: readonly LogRecord[]): void {
  for (const { partition, offset } of records) {
    offsets.set(partition, Math.max(offset + 1, offsets.get(partition) ?? 0));
  }
}

function recordAt(partition: number, offset: number): LogRecord {
  return { partition, offset, timestamp: 0, key: Buffer.from('order'), value: null };
}

function resultOf(records: readonly LogRecord[]): BatchResult {
  return {
    statuses: encodeRecordFrame(records),
    deadLetters: NOTHING,
    counts: {
      decided: { records: 0, deadLetters: 0 },
      ...{ placed: 0, moved: 0, refused: 0, retrying: 0, retried: 0, rescheduled: 0 },
      ...{ deadLetters: 0, deadLetterReasons: {}, replaysFailed: 0, redelivered: 0 },
    },
    ...{ retryAt: undefined, completed: [], unstored: [], failures: [] },
  };
}

const partitions = fc.subarray(PARTITIONS, { minLength: 1 });

const step = fc.oneof(
  { weight: 1, arbitrary: fc.record({ assign: partitions }) },
  { weight: 1, arbitrary: fc.record({ revoke: partitions }) },
  {
    weight: 3,
    arbitrary: fc.record({ read: fc.constantFrom(...PARTITIONS), count: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 4, arbitrary: fc.record({ finish: fc.nat(9) }) },
);

await t.test(
  'invariants 2 and 4: however partitions come and go, one task has a partition at a time, and nothing is done or committed after its release',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 60 }),
        async (lanes, steps) => {
          const world = new World(lanes);
          await world.start();
          for (const action of steps) {
            if ('assign' in action) world.rebalance('assign', action.assign);
            else if ('revoke' in action) world.rebalance('revoke', action.revoke);
            else if ('read' in action) world.read(action.read, action.count);
            else await world.finish(action.finish);
            await turn();
          }
          await world.finishAll();
          assert.ok(world.isDone, 'every record is processed');
          await world.stop();
        },
      ),
      { numRuns: 150 },
    );
  },
);
