import { ServiceError, toError, type ErrorCode } from '../base/errors.ts';

/** An error as a value: a cloned one would lose its class on the way out of a thread. */
export interface Failure {
  done: false;
  code: ErrorCode;
  message: string;
  stack: string | undefined;
}

export function failureOf(thrown: unknown): Failure {
  const { message, stack } = toError(thrown);
  const code = thrown instanceof ServiceError ? thrown.code : 'internal';
  return { done: false, code, message, stack };
}

export function errorOf({ code, message, stack }: Failure): ServiceError {
  const error = new ServiceError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
