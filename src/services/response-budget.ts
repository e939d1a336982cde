import { ServiceError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { ByteCounts, type ByteLimits } from './byte-counts.ts';

export const RESPONSE_LIMITS: ByteLimits = { perCaller: 16 * 1024 * 1024, total: 64 * 1024 * 1024 };

type BudgetMetrics = Pick<Metrics, 'responseBytes' | 'responsesRefused'>;

/**
 * Limits the bytes of large responses that this process holds because their readers have not taken them yet.
 */
export class ResponseBudget {
  readonly #limits: ByteLimits;
  readonly #metrics: BudgetMetrics;
  readonly #held = new ByteCounts();

  constructor(limits: ByteLimits, metrics: BudgetMetrics) {
    this.#limits = limits;
    this.#metrics = metrics;
  }

  /**
   * Counts a response. A caller that holds nothing may have a response of any size while there is space in total.
   * @returns call it when the response has left the process; further calls do nothing
   * @throws ServiceError `overloaded`
   */
  take(caller: string, bytes: number): () => void {
    const refusal = this.refusal(caller, bytes);
    if (refusal !== undefined) throw refusal;
    return this.count(caller, bytes);
  }

  /** The error that `take` would throw now; undefined if there is space. Ask before you read a large response. */
  refusal(caller: string, bytes: number): ServiceError | undefined {
    const held = this.#held.of(caller);
    if (held > 0 && held + bytes > this.#limits.perCaller) {
      return this.#refused('caller', 'You have not read earlier responses. Read them, then try again.');
    }
    if (this.#held.total > 0 && this.#held.total + bytes > this.#limits.total) {
      return this.#refused('total', 'Too many large responses are being sent. Try again in a moment.');
    }
    return undefined;
  }

  /** Counts a response that must not be refused. @returns as `take` */
  count(caller: string, bytes: number): () => void {
    this.#add(caller, bytes);
    let isHeld = true;
    return () => {
      if (isHeld) this.#add(caller, -bytes);
      isHeld = false;
    };
  }

  #add(caller: string, bytes: number): void {
    this.#held.add(caller, bytes);
    this.#metrics.responseBytes.set(this.#held.total);
  }

  #refused(reason: 'caller' | 'total', message: string): ServiceError {
    this.#metrics.responsesRefused.inc({ reason });
    return new ServiceError('overloaded', message);
  }
}
