import { errorDetail, errorLine, plainDetail, type ErrorDetail } from '../base/error-detail.ts';
import type { ChangeDetails } from '../order/commands.ts';

/** Why an event failed. */
export interface Failure {
  /** in one line */
  error: string;
  /** undefined if nothing was thrown */
  detail: ErrorDetail | undefined;
}

export function failureOf(thrown: Error): Failure {
  const detail = errorDetail(thrown);
  return { error: errorLine(detail), detail };
}

/** Of an event that was queued behind one that failed for good: it begins with the cause. */
export function behind(earlier: Failure | undefined): Failure {
  if (earlier === undefined) {
    return { error: 'Queued behind an event of this order that failed for good.', detail: undefined };
  }
  const { error, detail } = earlier;
  return { error: `${error} (an earlier event of this order; this one was queued behind it)`, detail };
}

/** Shared by most orders of a batch. */
const FIRST_ATTEMPT: ChangeDetails = Object.freeze({ attempts: 1, operatorReason: null, error: null });

export function confirmationDetails(attempts: number): ChangeDetails {
  return attempts === 1 ? FIRST_ATTEMPT : { ...FIRST_ATTEMPT, attempts };
}

/** @param reason what the processor said */
export function rejectionDetails(reason: string | null, attempts: number): ChangeDetails {
  return { attempts, operatorReason: reason, error: null };
}

export function failureDetails({ error, detail }: Failure, attempts: number): ChangeDetails {
  return { attempts, operatorReason: error, error: detail ?? plainDetail(error) };
}
