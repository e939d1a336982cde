import { status, type StatusObject } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, PreconditionFailure, RequestInfo, RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status.js';

const TYPES = [BadRequest, ErrorInfo, PreconditionFailure, RequestInfo, RetryInfo];

export interface DecodedError {
  code: string;
  message: string;
  /** google.rpc details by the last part of their type */
  details: Record<string, unknown>;
}

/** The code, the message and the google.rpc details of a call that failed. */
export function decodedError(ended: StatusObject): DecodedError {
  const [bytes] = ended.metadata.get('grpc-status-details-bin');
  const rich = Buffer.isBuffer(bytes) ? Status.decode(bytes) : Status.create();
  const details = rich.details.map(({ typeUrl, value }) => {
    const name = typeUrl.slice('type.googleapis.com/'.length);
    const type = TYPES.find(({ $type }) => $type === name);
    return [name.split('.').at(-1) ?? '', type === undefined ? value : type.decode(value)] as const;
  });
  return { code: status[ended.code], message: ended.details, details: Object.fromEntries(details) };
}

/** Waits for a call to fail. @throws Error when it does not */
export async function failureOf(call: Promise<unknown>): Promise<DecodedError> {
  const outcome = await call.then(
    () => new Error('The call did not fail.'),
    (error: unknown) => error,
  );
  if (outcome instanceof Error && 'code' in outcome && 'metadata' in outcome) {
    return decodedError(outcome as Error & StatusObject);
  }
  throw outcome;
}
