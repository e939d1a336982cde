import { Piscina } from 'piscina';
import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { recordCount } from '../base/record-frame.ts';
import { within } from '../base/within.ts';
import { fromThreadError } from './thread-error.ts';
import { PROCESSOR_CONCURRENCY } from '../processing/processor.ts';
import type { BatchRequest, BatchResult, RetryRequest } from '../processing/batch.ts';
import type { ThreadRequest, ThreadResponse, ThreadSettings, ThreadTask } from './protocol.ts';
import { createThreadActivity, wasInsideStore, type ThreadActivity } from './thread-activity.ts';

/**
 * The pool of worker threads (Piscina). What bounds its queue are the lanes: with a thread a lane, and one batch or
 * run of retries in flight a lane, nothing queues.
 */
export class BatchPool {
  readonly #threads: number;
  readonly #settings: ThreadSettings;
  readonly #logger: Logger;
  readonly #storeTimeMs: number;
  #piscina: Piscina<ThreadTask, ThreadResponse> | undefined;

  /** @param options.storeTimeMs what loading and saving may take beside the processor, every wait for a lock included */
  constructor(options: {
    threads: number;
    settings: ThreadSettings;
    logger: Logger;
    storeTimeMs?: number | undefined;
  }) {
    this.#threads = options.threads;
    this.#settings = options.settings;
    this.#logger = options.logger;
    this.#storeTimeMs = options.storeTimeMs ?? 30_000;
  }

  /**
   * Starts the threads; they open the store and load the processor.
   * @throws ServiceError `processor-invalid` or `store-unavailable` when they cannot
   */
  async start(): Promise<void> {
    this.#piscina = new Piscina<ThreadTask, ThreadResponse>({
      filename: new URL('./batch-thread.js', import.meta.url).href,
      workerData: this.#settings,
      minThreads: this.#threads,
      maxThreads: this.#threads,
      concurrentTasksPerWorker: 1,
      // A thread that blocks between its batches would stall the sockets and timers of a processor module.
      atomics: 'disabled',
      recordTiming: false,
      // A batch lives as long as it is worked on. Were the young generation smaller than some batches, each collection
      // would copy them: 8 of 46 µs of CPU an order.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
    // A processor that leaves a rejection behind ends its thread also while it has nothing to do. It is started again.
    this.#piscina.on('error', (error) => this.#logger.error({ err: error }, 'an idle worker thread ended'));
    await this.#ask({ kind: 'prepare' }, []);
  }

  /**
   * Processes and saves one batch (its `frame` is handed over and gone afterwards), or retries what is due.
   * @throws ServiceError what the thread threw, or `worker-failed` when the thread ended (`store-unavailable` when the
   *   store had kept it until its time was over): nothing is known then
   */
  async run(request: BatchRequest | RetryRequest): Promise<BatchResult> {
    const result = await this.#ask(request, request.kind === 'batch' ? [request.frame] : []);
    if (result === undefined)
      throw new ServiceError('worker-failed', 'The thread answered without a result.');
    return result;
  }

  /**
   * Waits for the batches in hand, then ends the threads; those that are not done by the deadline are ended in the
   * middle. What they have not saved is still in the log.
   */
  async stop(deadlineMs = 5_000): Promise<void> {
    const piscina = this.#piscina;
    if (piscina === undefined) return;
    this.#piscina = undefined;
    if (!(await within(piscina.close(), deadlineMs))) await piscina.destroy();
  }

  /** More than any request can take whose processor keeps to its time. */
  #deadlineMs(request: ThreadRequest): number {
    const orders =
      request.kind === 'batch' ? recordCount(request.frame) : request.kind === 'retry' ? request.limit : 0;
    const rounds = Math.ceil(orders / PROCESSOR_CONCURRENCY) + 1;
    return rounds * this.#settings.processorTimeoutMs + this.#storeTimeMs;
  }

  async #ask(request: ThreadRequest, transferList: ArrayBuffer[]): Promise<BatchResult | undefined> {
    if (this.#piscina === undefined)
      throw new ServiceError('worker-failed', 'The worker threads do not run.');
    // A thread that blocks cannot tell the time itself: it is ended, as one that died.
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#deadlineMs(request));
    const activity = createThreadActivity();
    const response = await this.#piscina
      .run({ request, activity }, { transferList, signal: deadline.signal })
      .catch((error: unknown): never => {
        throw endedThread(error, activity);
      })
      .finally(() => clearTimeout(timer));
    if (response.done) return response.result;
    throw fromThreadError(response);
  }
}

/** A thread that the store kept is not ended by its orders: that is for the store's circuit. */
function endedThread(error: unknown, activity: ThreadActivity): ServiceError {
  const { message } = toError(error);
  return wasInsideStore(activity)
    ? new ServiceError('store-unavailable', `The store did not answer a worker thread: ${message}`, {
        cause: error,
      })
    : new ServiceError('worker-failed', message, { cause: error });
}
