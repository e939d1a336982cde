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
import { ERRORS, type CallerErrorCode } from '../base/error-table.ts';
import type { FieldError, ServiceError } from '../base/errors.ts';
import { internalDetail } from '../services/server-rules.ts';

/** How a failed call ends; for `emit('error', …)` and for the callback of a unary call. */
export interface CallStatus {
  code: status;
  details: string;
  metadata: Metadata;
}

/** The domain of the reasons in google.rpc.ErrorInfo. */
const DOMAIN = 'order-system';

/** The metadata key of google.rpc.Status, https://grpc.io/docs/guides/error/#richer-error-model */
const DETAILS_KEY = 'grpc-status-details-bin';

/** The field at fault, for errors thrown where it is not known. */
const FIELD_OF: Partial<Record<CallerErrorCode, string>> = {
  'cursor-invalid': 'page_token',
  'position-invalid': 'log_position',
  'resume-token-invalid': 'resume_token',
  'resume-token-too-old': 'resume_token',
  'idempotency-key-invalid': 'idempotency_key',
  'idempotency-key-reused': 'idempotency_key',
  'total-too-large': 'items',
};

/**
 * The status that the caller of a failed call gets, with google.rpc details; an internal error reveals nothing.
 * @param requestId the id under which it is logged; undefined for an error without a request
 */
export function callStatus(error: ServiceError, requestId?: string): CallStatus {
  const { callerCode } = error;
  const code = status[ERRORS[callerCode].grpcStatus];
  const isInternal = callerCode === 'internal';
  const message = isInternal ? internalDetail(requestId ?? 'unknown') : messageOf(error);
  const details = [
    packed(ErrorInfo, {
      reason: constantCase(callerCode),
      domain: DOMAIN,
      metadata: { code: callerCode },
    }),
    ...(requestId === undefined ? [] : [packed(RequestInfo, { requestId })]),
    ...(isInternal ? [] : detailsOf(error, code)),
  ];
  const metadata = new Metadata();
  metadata.set(
    DETAILS_KEY,
    Buffer.from(Status.encode({ ...Status.create(), code, message, details }).finish()),
  );
  return { code, details: message, metadata };
}

/** Replaces the JSON pointer in the message by the field path of gRPC. */
function messageOf({ errors, callerMessage: message }: ServiceError): string {
  const pointer = errors?.[0]?.pointer ?? '';
  return message.replace(pointer, () => fieldPath(pointer));
}

function detailsOf(
  { callerCode, callerMessage: message, errors, transient, retryAfter }: ServiceError,
  code: status,
): Any[] {
  const details: Any[] = [];
  const field = FIELD_OF[callerCode];
  if (code === status.INVALID_ARGUMENT || code === status.OUT_OF_RANGE) {
    const fieldViolations = errors?.map(violationOf) ?? [];
    if (field !== undefined && fieldViolations.length === 0) {
      fieldViolations.push({ field, description: message });
    }
    if (fieldViolations.length > 0) details.push(packed(BadRequest, { fieldViolations }));
  }
  if (code === status.FAILED_PRECONDITION) {
    const violation = { type: constantCase(callerCode), subject: field ?? 'order', description: message };
    details.push(packed(PreconditionFailure, { violations: [violation] }));
  }
  if (transient) {
    const seconds = Math.max(1, retryAfter ?? 1);
    details.push(packed(RetryInfo, { retryDelay: { seconds, nanos: 0 } }));
  }
  return details;
}

function violationOf({ pointer, detail }: FieldError) {
  return { field: fieldPath(pointer), description: detail };
}

/** `reason` and `type` are in upper case, https://google.aip.dev/193 */
function constantCase(code: CallerErrorCode): string {
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

/**
 * A JSON pointer into a decoded message as a field path of google.rpc.BadRequest: `/items/0/unitPrice` is
 * `items[0].unit_price`. Below `metadata`, a map, the steps are the caller's own keys.
 */
export function fieldPath(pointer: string): string {
  const [first = '', ...steps] = pointer.split('/').slice(1).map(unescaped);
  const stepText = first === 'metadata' ? keyText : fieldText;
  return steps.reduce((path, step) => path + stepText(step), snakeCase(first));
}

function keyText(key: string): string {
  return `[${JSON.stringify(key)}]`;
}

function fieldText(step: string): string {
  return /^\d+$/.test(step) ? `[${step}]` : `.${snakeCase(step)}`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
