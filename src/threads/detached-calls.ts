import { THREAD_ENDED, type Outcome } from '../processing/outcome.ts';

/** Gets the outcome of a detached call. */
export type OnAnswer = (orderId: string, outcome: Outcome) => void;

/** What a thread sends when a detached call ends. */
export interface AnswerMessage {
  threadId: number;
  orderId: string;
  outcome: Outcome;
}

/**
 * The detached calls of all threads, by order: processor calls that go on after their batch. The response to a batch says
 * which calls were detached from it, and a message reports the end of such a call; either may arrive first.
 */
export class DetachedCalls {
  readonly #calls = new Map<string, { threadId: number; onAnswer: OnAnswer }>();
  /** answers that arrived before the response of their batch */
  readonly #early = new Map<string, AnswerMessage>();
  readonly #onChange: (calls: number) => void;

  /** @param onChange gets the number of detached calls */
  constructor(onChange: (calls: number) => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#calls.size;
  }

  orderIds(): Set<string> {
    return new Set(this.#calls.keys());
  }

  add(threadId: number, orderIds: readonly string[], onAnswer: OnAnswer): void {
    if (orderIds.length === 0) return;
    for (const orderId of orderIds) {
      const early = this.#early.get(orderId);
      this.#early.delete(orderId);
      if (early?.threadId === threadId) onAnswer(orderId, early.outcome);
      else this.#calls.set(orderId, { threadId, onAnswer });
    }
    this.#onChange(this.#calls.size);
  }

  answered(message: AnswerMessage): void {
    const { threadId, orderId, outcome } = message;
    const call = this.#calls.get(orderId);
    if (call?.threadId !== threadId) {
      this.#early.set(orderId, message);
      return;
    }
    this.#calls.delete(orderId);
    this.#onChange(this.#calls.size);
    call.onAnswer(orderId, outcome);
  }

  /** The calls of other threads have ended with their thread, without an outcome. */
  keepOnly(threadIds: ReadonlySet<number>): void {
    for (const [orderId, { threadId }] of this.#early) {
      if (!threadIds.has(threadId)) this.#early.delete(orderId);
    }
    for (const [orderId, { threadId }] of this.#calls) {
      if (!threadIds.has(threadId)) this.answered({ threadId, orderId, outcome: THREAD_ENDED });
    }
  }
}
