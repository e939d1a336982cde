import { randomUUID } from 'node:crypto';
import type { handleUnaryCall, Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { toServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { draining, logServerError, usableRequestId } from '../services/server-rules.ts';
import { callStatus, type CallStatus } from './rich-error.ts';

/** Dependencies that all methods share. */
export interface CallGate {
  isDraining: () => boolean;
  logger: Logger;
}

/** What a unary method knows of its call. */
export type UnaryCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPeer' | 'cancelled'>;

/** Wraps a unary method: refuses calls while draining, and turns an error into the status of the call. */
export function unary<Request, Response>(
  { isDraining, logger }: CallGate,
  handle: (request: Request, call: UnaryCall) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  const handleUnlessDraining = async (request: Request, call: UnaryCall): Promise<Response> => {
    if (isDraining()) throw draining();
    return handle(request, call);
  };
  return (call, callback) => {
    handleUnlessDraining(call.request, call).then(
      (response) => callback(null, response),
      (thrown: unknown) => callback(failedStatus(thrown, call, logger)),
    );
  };
}

/** The status of a failed call. Logs server-side errors under the request id. */
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
