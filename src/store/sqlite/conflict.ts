import { ServiceError } from '../../base/errors.ts';

/** Another writer saved first. @param what as part of a sentence: what it has changed */
export function conflict(what: string): ServiceError {
  return new ServiceError(
    'progress-conflict',
    `Nothing was saved: ${what}. Load and decide the batch again.`,
  );
}
