import { Piscina } from 'piscina';
import { ServiceError, toError } from '../base/errors.ts';
import type {
  Audit,
  AuditEntry,
  DeadLetterCount,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterStore,
  DeadLetterWithPayload,
  Eligible,
  Selection,
} from '../store/dead-letter-store.ts';
import type {
  DeadLetterArguments,
  DeadLetterMethod,
  DeadLetterRequest,
  DeadLetterResponse,
  DeadLetterResults,
  DeadLetterThreadSettings,
} from './dead-letter-protocol.ts';
import { fromThreadError } from './thread-error.ts';

/** Requests that wait for the thread; one more is refused as `overloaded`. */
const MAX_QUEUE = 32;

/** People come seldom: after so many milliseconds without anybody the thread ends, until the next one comes. */
const IDLE_TIMEOUT_MS = 30_000;

/**
 * The dead letters, worked on by a thread of their own (Piscina): their store waits for the disk, and for its turn to
 * write, which the thread that answers requests must never do.
 */
export class DeadLetterPool implements DeadLetterStore {
  readonly #piscina: Piscina<DeadLetterRequest, DeadLetterResponse>;
  #isClosed = false;

  /** Starts no thread. */
  constructor(settings: DeadLetterThreadSettings) {
    this.#piscina = new Piscina({
      filename: new URL('./dead-letter-thread.js', import.meta.url).href,
      workerData: settings,
      minThreads: 0,
      maxThreads: 1,
      maxQueue: MAX_QUEUE,
      concurrentTasksPerWorker: 1,
      idleTimeout: IDLE_TIMEOUT_MS,
      atomics: 'disabled',
      recordTiming: false,
    });
  }

  list(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return this.#ask('list', query);
  }

  reasons(filter: DeadLetterFilter): Promise<Record<string, number>> {
    return this.#ask('reasons', filter);
  }

  find(id: number): Promise<DeadLetterWithPayload | undefined> {
    return this.#ask('find', id);
  }

  select(selection: Selection, afterId: number, limit: number): Promise<DeadLetterWithPayload[]> {
    return this.#ask('select', selection, afterId, limit);
  }

  count(selection: Selection, eligible: Eligible): Promise<DeadLetterCount> {
    return this.#ask('count', selection, eligible);
  }

  newestId(): Promise<number> {
    return this.#ask('newestId');
  }

  replayBegun(ids: readonly number[], audit: Audit): Promise<number[]> {
    return this.#ask('replayBegun', ids, audit);
  }

  replaySent(letters: readonly { id: number; replayCount: number }[], audit: Audit): Promise<void> {
    return this.#ask('replaySent', letters, audit);
  }

  discard(ids: readonly number[], audit: Audit): Promise<number[]> {
    return this.#ask('discard', ids, audit);
  }

  audit(id: number): Promise<AuditEntry[]> {
    return this.#ask('audit', id);
  }

  /** Finishes what is in hand, then ends the thread; whoever still waits is told `worker-failed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#piscina.close();
  }

  /** @throws ServiceError `overloaded`, what the store threw, or `worker-failed` when the thread ended */
  async #ask<M extends DeadLetterMethod>(
    method: M,
    ...args: DeadLetterArguments[M]
  ): Promise<DeadLetterResults[M]> {
    if (this.#isClosed) throw new ServiceError('worker-failed', 'The thread of the dead letters has ended.');
    if (this.#piscina.queueSize >= MAX_QUEUE) {
      throw new ServiceError(
        'overloaded',
        'Too many requests about dead letters wait. Try again in a moment.',
      );
    }
    const response = await this.#piscina.run({ method, args }).catch((error: unknown): never => {
      throw new ServiceError('worker-failed', toError(error).message, { cause: error });
    });
    if (!response.done) throw fromThreadError(response);
    return response.result as DeadLetterResults[M];
  }
}
