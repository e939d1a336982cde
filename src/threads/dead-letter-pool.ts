import { Piscina } from 'piscina';
import { ServiceError, toError } from '../base/errors.ts';
import type { AlignmentStore } from '../store/alignment-store.ts';
import type { DeadLetterStore } from '../store/dead-letter-store.ts';
import type { ReplicaStore } from '../store/replica-store.ts';
import { closePool } from './close-pool.ts';
import {
  fromThreadError,
  type DeadLetterMethod,
  type DeadLetterMethods,
  type DeadLetterRequest,
  type DeadLetterResponse,
  type DeadLetterResult,
  type StoreSettings,
} from './protocol.ts';

/** Maximum number of waiting requests; further ones are refused as `overloaded`. */
const MAX_QUEUE = 32;

/** Requests are rare: an idle thread ends after this time, and the next request starts it again. */
const IDLE_TIMEOUT_MS = 30_000;

/**
 * The store of dead letters and replicas on its own thread (Piscina), because it waits for the disk and the write lock, which must never
 * block the thread that answers requests. Its methods throw `overloaded`, the store's errors, or `worker-failed` if the
 * thread crashed.
 */
export class DeadLetterPool
  implements DeadLetterStore, ReplicaStore, Pick<AlignmentStore, 'forgetLastRecords'>
{
  readonly list = this.#forward('list');
  readonly reasons = this.#forward('reasons');
  readonly find = this.#forward('find');
  readonly select = this.#forward('select');
  readonly count = this.#forward('count');
  readonly newestId = this.#forward('newestId');
  readonly replayBegun = this.#forward('replayBegun');
  readonly replaySent = this.#forward('replaySent');
  readonly replayRefused = this.#forward('replayRefused');
  readonly discard = this.#forward('discard');
  readonly audit = this.#forward('audit');
  readonly noteReplica = this.#forward('noteReplica');
  readonly removeReplica = this.#forward('removeReplica');
  readonly forgetLastRecords = this.#forward('forgetLastRecords');

  readonly #piscina: Piscina<DeadLetterRequest, DeadLetterResponse>;
  #isClosed = false;

  /** Starts no thread; the first request does. */
  constructor(settings: StoreSettings) {
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

  /** See `closePool`. Waiting requests are refused with `worker-failed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await closePool(this.#piscina);
  }

  #forward<M extends DeadLetterMethod>(method: M) {
    return async (...args: Parameters<DeadLetterMethods[M]>): Promise<DeadLetterResult<M>> => {
      if (this.#isClosed) throw new ServiceError('worker-failed', 'The dead-letter thread has ended.');
      if (this.#piscina.queueSize >= MAX_QUEUE) {
        throw new ServiceError('overloaded', 'Too many dead-letter requests are waiting. Try again shortly.');
      }
      const response = await this.#piscina.run({ method, args }).catch((error: unknown): never => {
        throw new ServiceError('worker-failed', toError(error).message, { cause: error });
      });
      if (!response.done) throw fromThreadError(response);
      return response.result as DeadLetterResult<M>;
    };
  }
}
