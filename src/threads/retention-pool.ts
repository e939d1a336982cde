import { Piscina } from 'piscina';
import { ServiceError, toError } from '../base/errors.ts';
import type { RetentionStore } from '../store/retention-store.ts';
import { closePool } from './close-pool.ts';
import {
  fromThreadError,
  type RetentionMethod,
  type RetentionRequest,
  type RetentionResponse,
  type RetentionResult,
  type StoreSettings,
} from './protocol.ts';

/** Shorter than the pause between passes: while nothing is deleted, there is no thread. */
const IDLE_TIMEOUT_MS = 5_000;

/**
 * The retention store on its own thread, because SQLite and the write lock block it. Its methods throw the store's errors, or
 * `worker-failed` if the thread crashed.
 */
export class RetentionPool implements RetentionStore {
  readonly deleteClosed = this.#forward('deleteClosed');
  readonly release = this.#forward('release');
  readonly newestOrderAt = this.#forward('newestOrderAt');

  readonly #piscina: Piscina<RetentionRequest, RetentionResponse>;

  /** Starts no thread; the first call does. */
  constructor(settings: StoreSettings) {
    this.#piscina = new Piscina({
      filename: new URL('./retention-thread.js', import.meta.url).href,
      workerData: settings,
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: IDLE_TIMEOUT_MS,
      atomics: 'disabled',
      recordTiming: false,
    });
  }

  /** See `closePool`. */
  close(): Promise<void> {
    return closePool(this.#piscina);
  }

  #forward<M extends RetentionMethod>(method: M) {
    return async (...args: Parameters<RetentionStore[M]>): Promise<RetentionResult<M>> => {
      const response = await this.#piscina.run({ method, args }).catch((error: unknown): never => {
        throw new ServiceError('worker-failed', toError(error).message, { cause: error });
      });
      if (!response.done) throw fromThreadError(response);
      return response.result as RetentionResult<M>;
    };
  }
}
