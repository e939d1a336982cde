import { toServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Claim, OwnerId } from '../store/partition-owners.ts';
import type { BatchPool } from '../threads/batch-pool.ts';
import type { OwnershipRequest } from '../threads/protocol.ts';
import { retryUntilDone } from './retry.ts';
import { UncleanEnds, type UncleanEndsOptions } from './unclean-ends.ts';
import { WorkGate } from '../base/work-gate.ts';

export interface PartitionOwnershipOptions extends UncleanEndsOptions {
  /** identifies this run of the process */
  owner: OwnerId;
  /** the name under which the store keeps the progress of the commands topic */
  topic: string;
  pool: Pick<BatchPool, 'changeOwnership'>;
  metrics: Pick<Metrics, 'partitionsIsolated'>;
  logger: Logger;
  /** aborted when the service stops */
  signal: AbortSignal;
}

const BACKOFF = { baseMs: 50, factor: 2, capMs: 2_000 };

/**
 * The partitions of this process in the store, so that the next owner learns whether this one released them or its process
 * was killed. See `UncleanEnds`.
 */
export class PartitionOwnership {
  readonly owner: OwnerId;
  readonly uncleanEnds: UncleanEnds;
  readonly gate = new WorkGate();
  readonly #options: PartitionOwnershipOptions;
  /** partition → number of its latest claim */
  readonly #claimNumbers = new Map<number, number>();
  #lastClaim = 0;
  #releasing: Promise<void> = Promise.resolve();

  constructor(options: PartitionOwnershipOptions) {
    this.#options = options;
    this.owner = options.owner;
    this.uncleanEnds = new UncleanEnds(options);
  }

  /**
   * Call this before any record of the partitions is processed.
   * @param ends partition → its end in the log
   * @throws ServiceError a fatal one, or the last error once the signal is aborted
   */
  async claim(ends: ReadonlyMap<number, number>): Promise<void> {
    const { signal, logger } = this.#options;
    this.#lastClaim += 1;
    for (const partition of ends.keys()) this.#claimNumbers.set(partition, this.#lastClaim);
    // Wait for a release on its way: otherwise it could reach the store after this claim.
    await this.#releasing;
    const claims = await retryUntilDone(() => this.#change('claim', [...ends.keys()]), {
      backoffFor: () => BACKOFF,
      signal,
      isRetryable: (error) => toServiceError(error).row.reaction === 'retry',
      onRetry: (error, attempt) =>
        logger.warn({ err: error, attempt }, 'could not claim the partitions; retrying'),
    });
    this.uncleanEnds.add(claims, ends);
    this.#measure();
    this.#report(claims.filter(({ uncleanEnds }) => uncleanEnds > 0));
  }

  /** The number of the latest claim, for `release`. */
  get lastClaim(): number {
    return this.#lastClaim;
  }

  /**
   * Call this when no work of the partitions is in flight.
   * @param lastClaim when they were revoked: partitions claimed again since then are not released
   */
  async release(partitions: readonly number[], lastClaim: number): Promise<void> {
    const owned = partitions.filter((partition) => (this.#claimNumbers.get(partition) ?? 0) <= lastClaim);
    if (owned.length === 0) return;
    this.uncleanEnds.delete(owned);
    this.#measure();
    this.#releasing = Promise.all([this.#releasing, this.#release(owned)]).then(() => undefined);
    await this.#releasing;
  }

  async #release(partitions: readonly number[]): Promise<void> {
    try {
      await this.#change('release', partitions);
    } catch (error) {
      const message = 'could not release the partitions: their next owner will count this as an unclean end';
      this.#options.logger.warn({ err: error, partitions }, message);
    }
  }

  /** Resets the crash count of the partitions that have become trusted. @throws the store's error; then call it again */
  async resetCrashCount(): Promise<void> {
    const trusted = this.uncleanEnds.trusted();
    if (trusted.length === 0) return;
    await this.#change('resetCrashCount', trusted);
    this.uncleanEnds.delete(trusted);
    this.#measure();
    const message = 'everything that was being processed when a process was killed has been processed';
    this.#options.logger.info({ partitions: trusted }, message);
  }

  #measure(): void {
    this.#options.metrics.partitionsIsolated.set(this.uncleanEnds.isolatedCount);
  }

  #change(kind: OwnershipRequest['kind'], partitions: readonly number[]): Promise<Claim[]> {
    const { pool, topic, owner } = this.#options;
    return pool.changeOwnership({ kind, topic, partitions, owner });
  }

  #report(claims: readonly Claim[]): void {
    if (claims.length === 0) return;
    const partitions = claims.map(({ partition }) => partition);
    const areIsolated = this.uncleanEnds.retriesAreIsolated(partitions);
    const uncleanEnds = Math.max(...claims.map((claim) => claim.uncleanEnds));
    this.#options.logger.warn(
      { partitions, uncleanEnds },
      areIsolated
        ? 'the processes that owned these partitions were killed: few orders are processed at a time, to find one that kills its process'
        : 'the process that owned these partitions was killed',
    );
  }
}
