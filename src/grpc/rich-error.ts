import { Metadata, status } from '@grpc/grpc-js';
import {
  Any,
  BadRequest,
  ErrorInfo,
  PreconditionFailure,
  RequestInfo,
  RetryInfo,
} from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status.js';
import { ERRORS, type ErrorCode, type FieldError, type ServiceError } from '../base/errors.ts';
import { fieldPath } from './field-path.ts';

/** How a call ends that failed; `emit('error', …)` and the callback of a unary call take it. */
export interface CallStatus {
  code: status;
  details: string;
  metadata: Metadata;
}

/** Whose reasons these are, as google.rpc.ErrorInfo has it. */
const DOMAIN = 'order-system';

/** Where google.rpc.Status travels, https://grpc.io/docs/guides/error/#richer-error-model */
const DETAILS_KEY = 'grpc-status-details-bin';

/** The field that an error is about, for those that are thrown where there is no request. */
const FIELD_OF: Partial<Record<ErrorCode, string>> = {
  'cursor-invalid': 'page_token',
  'position-invalid': 'log_position',
  'resume-token-invalid': 'resume_token',
  'resume-token-too-old': 'resume_token',
  'idempotency-key-invalid': 'idempotency_key',
  'idempotency-key-reused': 'idempotency_key',
  'total-too-large': 'items',
};

/**
 * An error as its caller gets it, with google.rpc details; one of the inside tells nothing of it.
 * @param requestId what it is logged under
 */
export function callStatus(error: ServiceError, requestId?: string): CallStatus {
  const isInside = error.row.httpStatus === 500;
  const reason = isInside ? 'internal' : error.code;
  const code = status[ERRORS[reason].grpcStatus];
  const message = isInside
    ? `The fault is ours and is logged under request ${requestId ?? 'unknown'}. A repeat with the same idempotency key is safe.`
    : messageOf(error);
  const details = [
    packed(ErrorInfo, { reason: constantCase(reason), domain: DOMAIN, metadata: { code: reason } }),
    ...(requestId === undefined ? [] : [packed(RequestInfo, { requestId })]),
    ...(isInside ? [] : detailsOf(error, code)),
  ];
  const metadata = new Metadata();
  metadata.set(
    DETAILS_KEY,
    Buffer.from(Status.encode({ ...Status.create(), code, message, details }).finish()),
  );
  return { code, details: message, metadata };
}

/** Where the parts of a request are named they have the names of this protocol. */
function messageOf({ errors = [], message }: ServiceError): string {
  const [first, ...others] = errors;
  if (first === undefined || first.pointer === '') return message;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `${fieldPath(first.pointer)} ${first.detail}${more}`;
}

function detailsOf(error: ServiceError, code: status): Any[] {
  const details: Any[] = [];
  const field = FIELD_OF[error.code];
  if (code === status.INVALID_ARGUMENT || code === status.OUT_OF_RANGE) {
    const violations = error.errors?.map(violationOf) ?? [];
    if (field !== undefined && violations.length === 0)
      violations.push({ field, description: error.message });
    if (violations.length > 0) details.push(packed(BadRequest, { fieldViolations: violations }));
  }
  if (code === status.FAILED_PRECONDITION) {
    const violation = {
      type: constantCase(error.code),
      subject: field ?? 'order',
      description: error.message,
    };
    details.push(packed(PreconditionFailure, { violations: [violation] }));
  }
  if (error.transient) {
    details.push(
      packed(RetryInfo, { retryDelay: { seconds: Math.max(1, error.retryAfter ?? 1), nanos: 0 } }),
    );
  }
  return details;
}

function violationOf({ pointer, detail }: FieldError) {
  return { field: fieldPath(pointer), description: detail };
}

/** `reason` and `type` are to be in upper case, https://google.aip.dev/193 */
function constantCase(code: ErrorCode): string {
  return code.toUpperCase().replaceAll('-', '_');
}

interface MessageType<Fields> {
  $type: string;
  fromPartial(fields: Fields): object;
  encode(message: ReturnType<this['fromPartial']>): { finish(): Uint8Array };
}

function packed<Fields>(type: MessageType<Fields>, fields: Fields): Any {
  const value = Buffer.from(type.encode(type.fromPartial(fields)).finish());
  return Any.fromPartial({ typeUrl: `type.googleapis.com/${type.$type}`, value });
}
