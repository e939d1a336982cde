import { ServiceError } from '../base/errors.ts';

/** What an operator can do about every `log-mismatch`. */
export const WHAT_TO_DO =
  'Stop the service and restore the event log and the store from one backup. Or run `node dist/src/main.js accept-loss --dry-run`, ' +
  'which lists what is missing, and then the same without --dry-run, which goes on without it.';

/** @param gone the records from offset `from` on, without `to` */
export function recordsGoneError(
  topic: string,
  partition: number,
  gone: { from: number; to: number },
): ServiceError {
  return mismatchError(
    `${topic}/${partition}: offsets ${gone.from} to ${gone.to - 1} were never processed, but the log begins at offset ${gone.to}`,
  );
}

/** @param ends the next record should be at offset `expected`, but the next append gets offset `end` */
export function logEndsError(
  topic: string,
  partition: number,
  ends: { expected: number; end: number },
): ServiceError {
  return mismatchError(
    `${topic}/${partition}: all records before offset ${ends.expected} were processed, but the log ends at offset ${ends.end}`,
  );
}

/** @param what without a full stop */
export function mismatchError(what: string): ServiceError {
  return new ServiceError(
    'log-mismatch',
    `The event log and the store do not belong together: ${what}. ${WHAT_TO_DO}`,
  );
}
