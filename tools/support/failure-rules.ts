import type { FailureRules } from '../../src/processing/batch.ts';

/** Short retries and no dead-letter flood limit. */
export function failureRules(changes: Partial<FailureRules> = {}): FailureRules {
  return {
    retry: { baseMs: 20, factor: 2, capMs: 200, maxAttempts: 1_000, budgetMs: 60_000 },
    replayLimit: 3,
    deadLetterFloodShare: 1,
    deadLetterSource: { topic: 'orders.commands', group: 'test' },
    answerTimeoutMs: 31_000,
    ...changes,
  };
}

export const NO_FAILURES = { records: 0, deadLetters: 0 };
