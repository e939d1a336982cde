import { errorLine } from '../base/error-detail.ts';
import type { Logger } from '../base/logger.ts';
import { traceFields } from '../base/trace-context.ts';
import type { FailedRecordNote } from '../processing/failed-records.ts';

/**
 * One line for each record that failed for good, once it is saved. Their level is error, because repeated warnings are left out, and
 * each of these lines is about another order.
 */
export function logFailures(failures: readonly FailedRecordNote[], topic: string, logger: Logger): void {
  for (const { error, traceparent, orderId, replayCount, ...failure } of failures) {
    const what = orderId === null ? 'A record' : 'An order';
    logger.error(
      {
        ...(orderId === null ? {} : { orderId }),
        ...failure,
        topic,
        ...(replayCount === 0 ? {} : { replayCount }),
        err: error,
        ...traceFields(traceparent),
      },
      `${what} failed for good and is a dead letter now: ${errorLine(error)}`,
    );
  }
}
