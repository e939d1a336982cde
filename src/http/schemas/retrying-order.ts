import { Type } from 'typebox';
import type { RetryingEntry } from '../../store/operations-reader.ts';
import { ErrorDetailBody } from './error-detail.ts';
import { timestamp, Timestamp } from './order.ts';

export const retryProperties = {
  attempts: Type.Integer({ minimum: 0, description: 'Attempts that failed; 0 while the first call goes on' }),
  firstFailedAt: Timestamp('First failure, or when the call was found to be slow'),
  nextAttemptAt: Timestamp('When it is tried again'),
  queuedEvents: Type.Integer({ minimum: 0, description: 'Events that wait, the failed one included' }),
  error: ErrorDetailBody,
};

export function retryBody({ attempts, firstFailedAt, nextAttemptAt, queuedEvents, error }: RetryingEntry) {
  return {
    attempts,
    firstFailedAt: timestamp(firstFailedAt),
    nextAttemptAt: timestamp(nextAttemptAt),
    queuedEvents,
    error,
  };
}
