import { ServiceError, toError, type ErrorCode } from '../base/errors.ts';

/** An error as plain data: structured cloning would lose its class on the way out of a thread. */
export interface ThreadError {
  done: false;
  code: ErrorCode;
  message: string;
  stack: string | undefined;
}

export function toThreadError(thrown: unknown): ThreadError {
  const { message, stack } = toError(thrown);
  const code = thrown instanceof ServiceError ? thrown.code : 'internal';
  return { done: false, code, message, stack };
}

export function fromThreadError({ code, message, stack }: ThreadError): ServiceError {
  const error = new ServiceError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
