import { join } from 'node:path';
import type { Test } from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createLogger } from '../../src/base/logger.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';
import { Database } from '../../src/base/sqlite.ts';
import { createEventCodec } from '../../src/order/events.ts';
import type { BatchRequest, BatchResult, FailureRules, RetryRequest } from '../../src/processing/batch.ts';
import { processBatch } from '../../src/processing/process-batch.ts';
import type { Attempt, Outcome } from '../../src/processing/outcome.ts';
import type { RunProcessor } from '../../src/processing/processor.ts';
import { retryOrders } from '../../src/processing/retry-orders.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore, openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { failureRules, NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const TOPIC = 'orders.commands';
export const FAILED_FOR_NOW: Outcome = { status: 'retry', reason: 'the merchant does not answer' };
export const FAILED: Outcome = { status: 'failed', reason: 'no such merchant' };

const codec = createEventCodec();

/** A real store; the outcomes of the processor and the time are set by the test. */
export async function processingUnderTest(t: Test, changes: Partial<FailureRules> = {}) {
  const path = join(await temporaryFolder(t), 'orders.db');
  const target = { kind: 'sqlite', path } as const;
  await migrate(target, createLogger('silent'));
  const [store, reader] = await Promise.all([openBatchStore(target, createWriteLock()), openReader(target)]);
  const database = new Database(path);
  t.teardown(async () => {
    database.close();
    await reader.close();
    await store.close();
  });
  const world = {
    now: 1_000,
    /** how far the wall clock has been set forward; negative: back */
    stepMs: 0,
    /** the clock steps by this while the processor runs */
    stepsDuringAttempt: 0,
    /** when the processor answers, if that is later */
    answersAt: 0,
    /** by order id; all other orders are confirmed */
    outcomes: new Map<string, Outcome>(),
    /** orders whose calls go on */
    detachedCalls: new Set<string>(),
    /** the order id and number of each attempt */
    attempts: [] as [string, number][],
    /** how often a batch or a run of retries waited for slow calls */
    patientRuns: 0,
  };
  const runProcessor: RunProcessor = (attempts) => {
    const outcomes = [...attempts].map(({ command: { orderId }, attempt }) => {
      world.attempts.push([orderId, attempt]);
      return [orderId, world.outcomes.get(orderId) ?? { status: 'confirmed', reason: null }] as const;
    });
    world.now = Math.max(world.now, world.answersAt);
    world.stepMs += world.stepsDuringAttempt;
    world.stepsDuringAttempt = 0;
    return Promise.resolve(new Map(outcomes));
  };
  const dependencies = {
    store,
    runProcessor,
    runPatiently: (attempts: Iterable<Attempt>) => {
      world.patientRuns += 1;
      return runProcessor(attempts);
    },
    codec,
    clock: () => world.now + world.stepMs,
    monotonicClock: () => world.now,
    rules: failureRules(changes),
    detachedCalls: world.detachedCalls,
  };
  const run = (records: LogRecord[], changes: Partial<BatchRequest> = {}) => {
    const request = { applied: new Map<number, number>(), recent: NO_FAILURES, ...changes };
    return processBatch(
      { kind: 'batch', topic: TOPIC, frame: encodeRecordFrame(records), ...request },
      dependencies,
    );
  };
  const retry = (changes: Partial<RetryRequest> = {}) => {
    const request = { partitions: [0], limit: 100, published: [], recent: NO_FAILURES, ...changes };
    return retryOrders({ kind: 'retry', topic: TOPIC, ...request }, dependencies);
  };
  const history = async (id: string) => (await reader.history(id, ALL_ORDERS)).map(({ status }) => status);
  const deadLetters = () =>
    database.prepare('SELECT * FROM dead_letters ORDER BY id').all() as Record<string, unknown>[];
  return { dependencies, reader, database, world, run, retry, history, deadLetters };
}

/** The status events of a result in their order, as `<order id> <version> <status>`. */
export function publishedChanges({ statuses }: BatchResult): string[] {
  return decodeRecordFrame(statuses).map(({ key, value }) => {
    const { version, status } = codec.decodeStatusChange(value);
    return `${key?.toString()} ${version} ${status}`;
  });
}

export function publishedReasons(statuses: ArrayBuffer): (string | null)[] {
  return decodeRecordFrame(statuses).map(({ value }) => codec.decodeStatusChange(value).reason);
}

export function publishedStatuses({ statuses }: BatchResult): string[] {
  return decodeRecordFrame(statuses).map(({ value }) => codec.decodeStatusChange(value).status);
}
