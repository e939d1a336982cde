import { ServiceError } from '../../src/base/errors.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { decodeRecordFrame } from '../../src/base/record-frame.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { FailurePolicy } from '../../src/pipeline/failure-policy.ts';
import { Lane } from '../../src/pipeline/lane.ts';
import { PartitionOwnership } from '../../src/pipeline/partition-ownership.ts';
import { BatchRunner } from '../../src/pipeline/run-batch.ts';
import type { BatchRequest, BatchResult, RetryRequest } from '../../src/processing/batch.ts';
import type { Attempt, Outcome } from '../../src/processing/outcome.ts';
import { processBatch } from '../../src/processing/process-batch.ts';
import { ProcessorCalls } from '../../src/processing/processor-calls.ts';
import { retryOrders } from '../../src/processing/retry-orders.ts';
import type { BatchStore } from '../../src/store/order-store.ts';
import { DetachedCalls, type OnAnswer } from '../../src/threads/detached-calls.ts';
import { failureRules } from '../../tools/support/failure-rules.ts';

export const TOPIC = 'orders.commands';
const PATIENCE_MS = 2;
const clocks = { clock: Date.now, monotonicClock: () => performance.now(), maxRetryPauseMs: 60_000 };

/** How a call of the processor behaves. */
export interface Behaviour {
  ms: number;
  outcome: Outcome;
}

export interface LifeOptions {
  store: BatchStore;
  /** partition → all records of the log */
  log: Map<number, LogRecord[]>;
  behaviourOf: (orderId: string) => Behaviour;
  /** gets every published change, as `<order id> <version> <status>` */
  onPublished: (change: string) => void;
}

/** One life of a process: a lane on two threads that share a store, until it crashes. */
export class Life {
  readonly #options: LifeOptions;
  readonly #detachedCalls = new DetachedCalls(() => undefined);
  readonly #threads: Thread[];
  readonly #lane: Lane;
  readonly #pushed = new Map<number, number>();
  /** orders with a call in flight; a second call beside it is an error */
  readonly #calling = new Set<string>();
  readonly errors: string[] = [];
  /** how many of the next saves fail */
  failingSaves = 0;
  readonly #crashed = new AbortController();
  #isDead = false;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.#threads = [this.#thread(1), this.#thread(2)];
    const metrics = createMetrics();
    const logger = createLogger('silent');
    const codec = createEventCodec();
    const { signal } = this.#crashed;
    const breaker = { failures: 1_000, openMs: 1 };
    const failurePolicy = new FailurePolicy({ ...clocks, breaker, signal, metrics, logger });
    const runner: BatchRunner = new BatchRunner({
      ...{ name: 'lane', topic: TOPIC, ...clocks, failurePolicy, metrics, logger, isOnlyProcess: true },
      log: { append: () => Promise.resolve({ partition: 0, offset: 0 }) },
      pool: { run: (request, onAnswer) => this.#run(request, onAnswer ?? (() => undefined)) },
      publish: (statuses) => {
        if (this.#isDead) return Promise.reject(new Error('dead'));
        for (const { value } of decodeRecordFrame(statuses)) {
          const { orderId, version, status } = codec.decodeStatusChange(value);
          options.onPublished(`${orderId} ${version} ${status}`);
        }
        return Promise.resolve();
      },
      commit: () => undefined,
      ownership: new PartitionOwnership({
        ...{ ...clocks, batchMaxRecords: 5, owner: 'test', topic: TOPIC, logger, signal },
        pool: { changeOwnership: () => Promise.resolve([]) },
        metrics,
      }),
      onAnswer: () => lane.dispatch(),
    });
    const lane: Lane = new Lane({
      ...{ batchMaxRecords: 5, batchMaxBytes: 1_000_000, batchMaxWaitMs: 1, ...clocks, runner },
      mustWait: () => false,
      onFree: () => undefined,
      onFailed: ({ message }) => {
        if (!this.#isDead) this.errors.push(message);
      },
      pause: () => undefined,
      resume: () => undefined,
    });
    this.#lane = lane;
  }

  /** Takes over the partitions from the store's progress. */
  async begin(): Promise<void> {
    const { store, log } = this.#options;
    const { progress } = await store.load(TOPIC, [...log.keys()], []);
    for (const partition of log.keys()) {
      const next = progress.get(partition) ?? 0;
      // The last records were perhaps saved and not published: they come again.
      this.#pushed.set(partition, Math.max(0, next - 3));
      this.#lane.assign(partition, next);
    }
    this.pull();
  }

  /** Reads the new records of the log. */
  pull(): void {
    for (const [partition, records] of this.#options.log) {
      for (const record of records.slice(this.#pushed.get(partition))) this.#lane.push(record);
      this.#pushed.set(partition, records.length);
    }
    this.#lane.dispatch();
  }

  crash(): void {
    this.#isDead = true;
    this.#crashed.abort();
    this.#lane.close();
  }

  /** Ends a thread and its calls; another one takes its place. */
  crashThread(index: number): void {
    const old = this.#threads[index];
    if (old === undefined) return;
    const next = this.#thread(old.id + 2);
    this.#threads[index] = next;
    old.isDead = true;
    for (const orderId of old.calling) this.#calling.delete(orderId);
    this.#detachedCalls.keepOnly(new Set(this.#threads.map(({ id }) => id)));
    old.onDeath(new ServiceError('worker-failed', 'The thread ended.'));
  }

  async #run(request: BatchRequest | RetryRequest, onAnswer: OnAnswer): Promise<BatchResult> {
    const thread = this.#threads.find(({ isBusy }) => !isBusy);
    if (thread === undefined) throw new Error('A lane has one task in flight.');
    thread.isBusy = true;
    const death = new Promise<never>((_, reject) => (thread.onDeath = reject));
    try {
      return await Promise.race([death, thread.run(request, this.#detachedCalls.orderIds())]);
    } finally {
      thread.isBusy = false;
      if (!thread.isDead) this.#detachedCalls.add(thread.id, thread.detached.splice(0), onAnswer);
    }
  }

  #thread(id: number): Thread {
    const thread: Thread = {
      id,
      ...{ isBusy: false, isDead: false, detached: [], calling: new Set(), onDeath: () => undefined },
      run: (request, detachedCalls) => {
        const dependencies = {
          store: this.#storeOf(thread),
          runProcessor: (attempts: Iterable<Attempt>) => calls.run(attempts),
          runPatiently: (attempts: Iterable<Attempt>) => calls.run(attempts, { isPatient: true }),
          ...{ codec: createEventCodec(), ...clocks, rules: failureRules(), detachedCalls },
        };
        return request.kind === 'batch'
          ? processBatch(request, dependencies)
          : retryOrders(request, dependencies);
      },
    };
    const calls = new ProcessorCalls((attempt, onEnd) => this.#call(attempt, thread, onEnd), {
      maxPatienceMs: PATIENCE_MS,
      onDetached: (orderId) => thread.detached.push(orderId),
      onAnswer: (orderId, outcome) => {
        if (!thread.isDead) this.#detachedCalls.answered({ threadId: id, orderId, outcome });
      },
    });
    return thread;
  }

  /** Fails once the process or the thread is dead, or as the test wants. */
  #storeOf(thread: Thread): BatchStore {
    return new Proxy(this.#options.store, {
      get: (store, name) => {
        if (this.#isDead || thread.isDead) return () => Promise.reject(new Error('dead'));
        if (name === 'save' && this.failingSaves > 0) {
          this.failingSaves -= 1;
          return () => Promise.reject(new ServiceError('store-unavailable', 'The store is away.'));
        }
        const method: unknown = Reflect.get(store, name);
        return typeof method === 'function' ? (method.bind(store) as unknown) : method;
      },
    });
  }

  #call({ command: { orderId } }: Attempt, thread: Thread, onEnd: (outcome: Outcome) => void): () => void {
    if (this.#isDead || thread.isDead) return () => undefined;
    const { ms, outcome } = this.#options.behaviourOf(orderId);
    if (this.#calling.has(orderId)) this.errors.push(`two calls at once for ${orderId}`);
    this.#calling.add(orderId);
    thread.calling.add(orderId);
    const end = () => {
      if (!thread.isDead) this.#calling.delete(orderId);
      thread.calling.delete(orderId);
      onEnd(outcome);
    };
    if (ms === 0) queueMicrotask(end);
    else setTimeout(end, ms);
    return () => undefined;
  }
}

interface Thread {
  id: number;
  isBusy: boolean;
  isDead: boolean;
  detached: string[];
  calling: Set<string>;
  onDeath: (error: Error) => void;
  run: (request: BatchRequest | RetryRequest, detachedCalls: ReadonlySet<string>) => Promise<BatchResult>;
}
