import type { Logger } from '../base/logger.ts';

/** `queue`: too many were waiting · `export`: the endpoint did not take them */
export type LossReason = 'queue' | 'export';

const REPORT_EVERY_MS = 60_000;

export interface LostSpansOptions {
  logger: Logger;
  onLost: (reason: LossReason, spans: number) => void;
  monotonicClock?: () => number;
}

/** Counts spans that are lost, and warns at most once a minute, however many are. */
export class LostSpans {
  readonly #options: LostSpansOptions;
  readonly #now: () => number;
  #unreported = 0;
  #reportedAt = -Infinity;
  #isLosing = false;

  constructor(options: LostSpansOptions) {
    this.#options = options;
    this.#now = options.monotonicClock ?? (() => performance.now());
  }

  add(reason: LossReason, spans: number, error?: Error): void {
    const { onLost, logger } = this.#options;
    onLost(reason, spans);
    this.#unreported += spans;
    this.#isLosing = true;
    if (this.#now() - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = this.#now();
    const why = error === undefined ? {} : { error: error.message };
    logger.warn(
      { spans: this.#unreported, reason, ...why },
      'Spans are lost: check the OTLP endpoint (OTEL_EXPORTER_OTLP_ENDPOINT). Orders are not affected.',
    );
    this.#unreported = 0;
  }

  /** Spans were exported. */
  exported(): void {
    if (!this.#isLosing) return;
    this.#isLosing = false;
    this.#options.logger.debug('Spans are exported again.');
  }
}
