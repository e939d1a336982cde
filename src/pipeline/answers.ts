import type { Outcome } from '../processing/outcome.ts';

/** The outcomes of detached calls, by order id, until a batch or a run of retries has used them. */
export class Answers {
  readonly #outcomes = new Map<string, Outcome>();
  readonly #onAnswer: () => void;

  /** @param onAnswer called when an outcome arrives */
  constructor(onAnswer: () => void) {
    this.#onAnswer = onAnswer;
  }

  get size(): number {
    return this.#outcomes.size;
  }

  readonly add = (orderId: string, outcome: Outcome): void => {
    this.#outcomes.set(orderId, outcome);
    this.#onAnswer();
  };

  /** A copy of the oldest ones, for one request. */
  oldest(limit = Infinity): ReadonlyMap<string, Outcome> {
    return new Map([...this.#outcomes].slice(0, limit));
  }

  /** Forgets those of a request that are done with; keeps answers that have arrived since. */
  forget(answers: ReadonlyMap<string, Outcome>, isDone: (orderId: string) => boolean): void {
    for (const [orderId, outcome] of answers) {
      if (isDone(orderId) && this.#outcomes.get(orderId) === outcome) this.#outcomes.delete(orderId);
    }
  }
}
