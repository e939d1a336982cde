import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import { bulkhead } from 'cockatiel';
import { Piscina } from 'piscina';
import { ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { within } from '../base/within.ts';
import type { BatchRequest, BatchResult, RetryRequest } from '../processing/batch.ts';
import type { Claim } from '../store/partition-owners.ts';
import { DetachedCalls, type AnswerMessage, type OnAnswer } from './detached-calls.ts';
import {
  fromThreadError,
  type OwnershipRequest,
  type StoreCall,
  type StopMessage,
  type ThreadRequest,
  type ThreadResponse,
  type ThreadResult,
  type ThreadSettings,
  type ThreadTask,
} from './protocol.ts';
import { measureTask, type TaskTimes } from './task-times.ts';
import { ordersIn, runInThread } from './run-in-thread.ts';
import { threadEnvironment } from './thread-environment.ts';

export interface BatchPoolOptions {
  threads: number;
  settings: Omit<ThreadSettings, 'stopChannel'>;
  /** PROCESSOR_ENV_*: the variables that the processor module sees */
  processorEnvironment?: Readonly<Record<string, string>> | undefined;
  logger: Logger;
  /** maximum milliseconds of a task outside the processor (loading, saving, waiting for locks); 30,000 by default */
  storeTimeMs?: number | undefined;
  /** gets the number of detached calls, whenever it changes */
  onDetachedCalls?: ((calls: number) => void) | undefined;
  /** gets how long each task took, also if it failed */
  onTask?: ((times: TaskTimes) => void) | undefined;
}

interface PoolThread {
  piscina: Piscina<ThreadTask, ThreadResponse>;
  /** how many it has */
  tasks: number;
}

/** Far more than lanes can have waiting: each has one batch or run of retries, and changes of ownership are rare. */
const MAX_WAITING_TASKS = 1_024;

/** How long a stopping pool waits for the calls that it has aborted, in milliseconds. */
const CALLS_END_WITHIN_MS = 500;

/**
 * The pool of worker threads (Piscina). It takes as many tasks at a time as there are lanes, and a lane has one batch or run of
 * retries in flight, so a task waits for a thread only while the ownership of partitions changes. Threads that share PostgreSQL
 * take two tasks at a time, but only one that is patient.
 */
export class BatchPool {
  readonly #options: BatchPoolOptions;
  readonly #detachedCalls: DetachedCalls;
  /** Tasks wait here for a free thread, before their deadline begins. They are few: callers wait for their tasks. */
  readonly #threads;
  readonly #tasksPerThread: number;
  readonly #stopChannelName = `processor calls ${randomUUID()}`;
  #stopChannel: BroadcastChannel | undefined;
  #running: PoolThread[] = [];
  #onNoDetachedCalls: () => void = () => undefined;
  #mostOrders = 0;

  constructor(options: BatchPoolOptions) {
    this.#options = options;
    // PostgreSQL works elsewhere: the thread prepares the next batch meanwhile. SQLite works in the thread.
    this.#tasksPerThread = options.settings.store.kind === 'postgres' ? 2 : 1;
    this.#threads = bulkhead(this.capacity, MAX_WAITING_TASKS);
    this.#detachedCalls = new DetachedCalls((calls) => this.#detachedCallsChanged(calls));
  }

  /** How many tasks run at a time. */
  get capacity(): number {
    return this.#options.threads * this.#tasksPerThread;
  }

  /**
   * Starts the threads, which open the store and load the processor.
   * @throws ServiceError `processor-invalid` or `store-unavailable` when they cannot
   */
  async start(): Promise<void> {
    this.#stopChannel = new BroadcastChannel(this.#stopChannelName);
    this.#stopChannel.unref();
    this.#running = Array.from({ length: this.#options.threads }, () => ({
      piscina: this.#startThread(),
      tasks: 0,
    }));
    await this.#perform({ kind: 'prepare' }, [], () => undefined);
  }

  /** A Piscina of one thread. One with several could end the thread of a task only if threads had one task at a time. */
  #startThread(): PoolThread['piscina'] {
    const { settings, logger, processorEnvironment = {} } = this.#options;
    const piscina = new Piscina<ThreadTask, ThreadResponse>({
      filename: new URL('./batch-thread.js', import.meta.url).href,
      workerData: { ...settings, stopChannel: this.#stopChannelName } satisfies ThreadSettings,
      env: threadEnvironment(process.env, processorEnvironment),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: this.#tasksPerThread,
      // With atomics, an idle thread blocks, which would stall the sockets and timers of a processor module.
      atomics: 'disabled',
      recordTiming: false,
      // A batch stays in memory while it is processed. If the young generation is smaller than a few batches, every
      // collection copies them: that cost 8 of 46 µs of CPU per order.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
    // A rejection that a processor leaves unhandled kills even an idle thread. Piscina starts another one.
    piscina.on('error', (error) => logger.error({ err: error }, 'an idle worker thread ended'));
    this.#watchCalls(piscina);
    return piscina;
  }

  /**
   * Processes and saves one batch (its `frame` is transferred and unusable afterwards), or retries orders.
   * @param onAnswer gets the outcome of each call that is detached from the batch, once the call ends, even if the batch fails
   * @throws ServiceError the thread's error; or, with an unknown outcome, `worker-failed` if the thread crashed or exceeded
   *   its deadline; `store-unavailable` if it did so inside the store; `calls-lost` if the thread had detached calls or
   *   another task, because any of them may have caused the crash
   */
  async run(
    request: BatchRequest | RetryRequest,
    onAnswer: OnAnswer = () => undefined,
  ): Promise<BatchResult> {
    const result = await this.#perform(request, request.kind === 'batch' ? [request.frame] : [], onAnswer);
    if (result === undefined || !('statuses' in result)) {
      throw new ServiceError('worker-failed', 'The thread answered without a result.');
    }
    return result;
  }

  /** Changes the ownership of partitions. @returns what a `claim` found @throws as `run` */
  async changeOwnership(request: OwnershipRequest): Promise<Claim[]> {
    const result = await this.#perform(request, [], () => undefined);
    return Array.isArray(result) ? result : [];
  }

  /**
   * Ends the batches and retries that wait for slow calls: they fail with `draining`, and so do further ones. Otherwise,
   * if the process is killed while it processes an isolated order, that counts against the order.
   */
  drain(): void {
    this.#tell('drain');
  }

  /**
   * Ends the detached calls, waits for the tasks in flight until the deadline, then ends the threads.
   * Records that they have not saved are still in the log; the orders of the calls are still in the store.
   */
  async stop(deadlineMs = 5_000): Promise<void> {
    const piscinas = this.#running.map(({ piscina }) => piscina);
    if (piscinas.length === 0) return;
    this.#running = [];
    await this.#endDetachedCalls();
    const closed = Promise.all(piscinas.map((piscina) => piscina.close()));
    if (!(await within(closed, deadlineMs))) await Promise.all(piscinas.map((piscina) => piscina.destroy()));
    this.#stopChannel?.close();
    this.#stopChannel = undefined;
  }

  #watchCalls(piscina: Piscina<ThreadTask, ThreadResponse>): void {
    piscina.on('message', (message: AnswerMessage) => this.#detachedCalls.answered(message));
    // The id of an ended thread cannot be read any more, so keep only the calls of the others.
    piscina.on('workerDestroy', ({ id }: { id: number }) => {
      const living = this.#running.flatMap(({ piscina }) => piscina.threads.map(({ threadId }) => threadId));
      this.#detachedCalls.keepOnly(new Set(living.filter((threadId) => threadId !== id)));
    });
  }

  /** Aborts the signals of the calls, so that the module can end its requests. */
  async #endDetachedCalls(): Promise<void> {
    if (this.#detachedCalls.size === 0) return;
    const ended = new Promise<void>((resolve) => (this.#onNoDetachedCalls = resolve));
    this.#tell('stop');
    await within(ended, CALLS_END_WITHIN_MS);
  }

  #tell(message: StopMessage): void {
    this.#stopChannel?.postMessage(message);
  }

  #detachedCallsChanged(calls: number): void {
    this.#options.onDetachedCalls?.(calls);
    if (calls === 0) this.#onNoDetachedCalls();
  }

  #perform(request: ThreadRequest, transferList: ArrayBuffer[], onAnswer: OnAnswer): Promise<ThreadResult> {
    const queuedAt = performance.now();
    return this.#threads.execute(() =>
      measureTask(request.kind, queuedAt, this.#options.onTask, (storeCalls) =>
        this.#performNow(request, transferList, onAnswer, storeCalls),
      ),
    );
  }

  async #performNow(
    request: ThreadRequest,
    transferList: ArrayBuffer[],
    onAnswer: OnAnswer,
    storeCalls: StoreCall[],
  ): Promise<ThreadResult> {
    const [thread] = this.#running.toSorted((one, other) => one.tasks - other.tasks);
    if (thread === undefined) {
      throw new ServiceError('worker-failed', 'The worker threads are not running.');
    }
    const { settings, storeTimeMs = 30_000 } = this.#options;
    this.#mostOrders = Math.max(this.#mostOrders, ordersIn(request));
    thread.tasks += 1;
    const response = await runInThread(thread.piscina, {
      request,
      transferList,
      detachedCalls: this.#detachedCalls.orderIds(),
      processorTimeoutMs: settings.processorTimeoutMs,
      storeTimeMs,
      ordersBefore: this.#tasksPerThread === 1 ? undefined : this.#mostOrders,
    }).finally(() => (thread.tasks -= 1));
    storeCalls.push(...response.storeCalls);
    this.#detachedCalls.add(response.threadId, response.detached, onAnswer);
    if (response.done) return response.result;
    throw fromThreadError(response);
  }
}
