import type { ErrorDetail } from '../base/error-detail.ts';
import type { PlaceOrder } from '../order/commands.ts';
import type { FinalOutcome } from '../order/decide.ts';

/** One call of the processor for one order; `attempt` counts from 1. */
export interface Attempt {
  command: PlaceOrder;
  /** of the record that placed the order */
  partition: number;
  attempt: number;
}

/**
 * The outcome of an attempt. `retry`: it failed, but a later attempt may succeed. `unanswered`: the call goes on, and its
 * outcome follows. `lost`: the call ended without an outcome and is repeated; it counts as no attempt.
 */
export type Outcome =
  | FinalOutcome
  | { status: 'retry'; reason: string; error?: ErrorDetail | undefined }
  | { status: 'unanswered'; reason: string }
  | { status: 'lost'; reason: string };

export const UNANSWERED: Outcome = {
  status: 'unanswered',
  reason: 'The processor has not answered yet.',
};

/** The outcome of a detached call whose thread has ended, perhaps because of it. */
export const THREAD_ENDED = {
  status: 'lost',
  reason: 'The worker thread ended before the processor answered.',
} as const satisfies Outcome;
