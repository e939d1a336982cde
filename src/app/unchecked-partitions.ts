import type { Backoff } from '../base/backoff.ts';
import { ServiceError, toError, toServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { within } from '../base/within.ts';
import type { OnUnavailable } from '../log/event-log.ts';
import { retryUntilDone } from '../pipeline/retry.ts';

const BACKOFF: Backoff = { baseMs: 1_000, factor: 2, capMs: 10_000 };

const STOP_WITHIN_MS = 500;

export interface UncheckedPartitionsOptions {
  /** of orders.commands */
  partitions: readonly number[];
  /** compares partitions with the store @throws ServiceError `log-mismatch`, `log-unavailable`, `store-unavailable` */
  verify: (partitions: readonly number[], onUnavailable: OnUnavailable) => Promise<unknown>;
  logger: Logger;
  backoff?: Backoff;
}

/** The partitions that an api replica could not read when it started: checks them as soon as they can be read. */
export class UncheckedPartitions {
  /** Resolves if a partition does not match the store. */
  readonly failed: Promise<Error>;
  readonly #options: UncheckedPartitionsOptions;
  readonly #stopping = new AbortController();
  #remaining: readonly number[];
  #checking: Promise<void> | undefined;
  #reportFailure: (error: Error) => void = () => undefined;

  constructor(options: UncheckedPartitionsOptions) {
    this.#options = options;
    this.#remaining = options.partitions;
    this.failed = new Promise((resolve) => {
      this.#reportFailure = resolve;
    });
  }

  start(): void {
    if (this.#remaining.length > 0) this.#checking = this.#checkAll();
  }

  /** Waits only briefly: a query of a partition without a leader takes seconds, and nothing needs its answer any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#checking !== undefined) await within(this.#checking, STOP_WITHIN_MS);
  }

  async #checkAll(): Promise<void> {
    const { logger, backoff = BACKOFF } = this.#options;
    const { signal } = this.#stopping;
    try {
      await retryUntilDone(() => this.#check(), {
        backoffFor: () => backoff,
        signal,
        isRetryable: (error) => toServiceError(error).row.reaction === 'retry',
        onRetry: (error) => logger.debug({ err: error }, 'Some partitions cannot be checked yet.'),
      });
      logger.info('All partitions of orders.commands have been compared with the store.');
    } catch (error) {
      if (!signal.aborted) this.#reportFailure(toError(error));
    }
  }

  async #check(): Promise<void> {
    const unavailable: number[] = [];
    await this.#options.verify(this.#remaining, (partition) => unavailable.push(partition));
    this.#remaining = unavailable;
    if (unavailable.length === 0) return;
    throw new ServiceError('log-unavailable', `Partitions ${unavailable.join()} cannot be read.`);
  }
}
