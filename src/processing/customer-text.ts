import type { DeadLetterReason } from '../store/dead-letter.ts';

const MAX_LENGTH = 500;

/** Control characters, and the marks that change the direction of the text around them. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** The history and status events of every rejected order say this: the processor's own words are for operators. */
export const REJECTION_TEXT = 'The order was rejected.';

const GENERAL = 'The order could not be processed.';

const FAILURES: Partial<Record<DeadLetterReason, string>> = {
  'retries-exhausted': 'The order could not be processed, although it was tried several times.',
};

/**
 * Why an order failed, for its history and status events, which customers read. It never contains the error itself, which may name
 * hosts, files or secrets: operators find that in the dead letter.
 */
export function failureText(reason: DeadLetterReason): string {
  return FAILURES[reason] ?? GENERAL;
}

/** The `reason` of an answer of the processor, safe to show in a log or a history: one line of well-formed text, of at most 500 characters (UTF-16 code units). */
export function reasonText(text: string): string {
  const line = text
    .slice(0, 2 * MAX_LENGTH)
    .replace(UNSAFE, ' ')
    .trim();
  const cut = line.slice(0, MAX_LENGTH);
  // A surrogate without its other half comes from the module, or from cutting a pair.
  return cut.replace(/\p{Surrogate}$/u, '').replace(/\p{Surrogate}/gu, '\ufffd');
}
