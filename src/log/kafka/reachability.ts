import type { Logger } from '../../base/logger.ts';

const PROBE_PAUSE_MS = 500;

/**
 * Whether any broker can be reached. librdkafka says when the last connection is lost, but not when one is back, so
 * while all are down a probe asks.
 */
export class Reachability {
  readonly #probe: () => Promise<unknown>;
  readonly #logger: Logger;
  #downSince: Date | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param probe resolves when a broker answers, and rejects after a time of its own when none does */
  constructor(probe: () => Promise<unknown>, logger: Logger) {
    this.#probe = probe;
    this.#logger = logger;
  }

  get downSince(): Date | undefined {
    return this.#downSince;
  }

  allBrokersDown(): void {
    if (this.#stopped || this.#downSince !== undefined) return;
    this.#downSince = new Date();
    this.#logger.warn('All Kafka brokers are down; nothing is taken until one is back.');
    this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #ask(): void {
    this.#probe().then(
      () => this.#isBack(),
      () => this.#askLater(),
    );
  }

  #isBack(): void {
    if (this.#stopped) return;
    this.#downSince = undefined;
    this.#logger.info('Kafka is back.');
  }

  #askLater(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#ask(), PROBE_PAUSE_MS);
  }
}
