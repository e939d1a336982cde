import { randomUUID } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import type { Principal } from '../auth/principal.ts';
import { toServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { traceFields, traceparentOf } from '../base/trace-context.ts';
import { isKnown } from '../services/admission.ts';
import { countRefusedCaller, logServerError, usableRequestId } from '../services/server-rules.ts';
import type { Span } from '../tracing/span.ts';
import { callStatus, type CallStatus } from './rich-error.ts';

export interface FailureDependencies {
  logger: Logger;
  metrics: Pick<Metrics, 'requestsRefused'>;
}

/**
 * The status of a failed call. Logs server-side errors under the request id; counts refused callers.
 * @param principal undefined if it is not known
 * @param span of the call, if it is traced
 */
export function failedStatus(
  thrown: unknown,
  call: { metadata: Metadata; getPath(): string },
  { logger, metrics }: FailureDependencies,
  principal?: Principal,
  span?: Span,
): CallStatus {
  const error = toServiceError(thrown);
  const requestId = usableRequestId(call.metadata.get('x-request-id')[0]) ?? randomUUID();
  const [caller] = call.metadata.get('traceparent');
  const trace = traceFields(span?.traceparent ?? traceparentOf(caller?.toString()));
  const fields = { requestId, path: call.getPath(), ...trace };
  logServerError(logger, error, isKnown(principal) ? { ...fields, principal: principal.name } : fields);
  countRefusedCaller(metrics, 'grpc', error);
  return callStatus(error, requestId);
}
