import { randomUUID } from 'node:crypto';
import type { handleUnaryCall, Metadata } from '@grpc/grpc-js';
import { toServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { draining, logServerError, usableRequestId } from '../services/server-rules.ts';
import { callStatus, type CallStatus } from './rich-error.ts';

/** What every method needs besides its own work. */
export interface CallGate {
  isDraining: () => boolean;
  logger: Logger;
}

/** A method with one answer; an error ends the call as its status. */
export function unary<Request, Response>(
  { isDraining, logger }: CallGate,
  answer: (request: Request, metadata: Metadata) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const answerUnlessDraining = async (request: Request, metadata: Metadata): Promise<Response> => {
    if (isDraining()) throw draining();
    return answer(request, metadata);
  };
  return (call, callback) => {
    answerUnlessDraining(call.request, call.metadata).then(
      (response) => callback(null, response),
      (thrown: unknown) => callback(failedStatus(thrown, call, logger)),
    );
  };
}

/** The status that a failed call ends with; errors that are not the caller's are logged under the request's id. */
export function failedStatus(
  thrown: unknown,
  call: { metadata: Metadata; getPath(): string },
  logger: Logger,
): CallStatus {
  const error = toServiceError(thrown);
  const requestId = usableRequestId(call.metadata.get('x-request-id')[0]) ?? randomUUID();
  logServerError(logger, error, { requestId, path: call.getPath() });
  return callStatus(error, requestId);
}
