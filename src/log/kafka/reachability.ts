import { ConstantBackoff, handleAll, retry } from 'cockatiel';
import type { Logger } from '../../base/logger.ts';

const PROBE_PAUSE_MS = 500;

/**
 * Whether any broker can be reached. librdkafka reports when it loses its last connection but not when it reconnects, so this
 * probes repeatedly while all brokers are down.
 */
export class Reachability {
  readonly #probe: () => Promise<unknown>;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #downSince: Date | undefined;

  /** @param probe resolves when a broker answers, and rejects within its own timeout when none does */
  constructor(probe: () => Promise<unknown>, logger: Logger) {
    this.#probe = probe;
    this.#logger = logger;
  }

  get downSince(): Date | undefined {
    return this.#downSince;
  }

  allBrokersDown(): void {
    const { signal } = this.#stopping;
    if (signal.aborted || this.#downSince !== undefined) return;
    this.#downSince = new Date();
    this.#logger.warn('All Kafka brokers are down; refusing appends until one is back.');
    const probing = retry(handleAll, { backoff: new ConstantBackoff(PROBE_PAUSE_MS) }).dangerouslyUnref();
    probing.execute(this.#probe, signal).then(
      () => {
        this.#downSince = undefined;
        if (!signal.aborted) this.#logger.info('Kafka is back.');
      },
      () => undefined, // stopped
    );
  }

  stop(): void {
    this.#stopping.abort();
  }
}
