import { randomUUID } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { callStatus, type CallStatus } from './rich-error.ts';

/** The parts of a call that an error is told with. */
export interface FailedCall {
  metadata: Metadata;
  getPath(): string;
}

const USABLE_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Every error of a call ends here as its status; those of ours are logged with the request's id. */
export class CallFaults {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  statusOf(thrown: unknown, call: FailedCall): CallStatus {
    const error = serviceErrorOf(thrown);
    const requestId = requestIdOf(call.metadata);
    if (error.row.httpStatus >= 500) this.#log(error, requestId, call.getPath());
    return callStatus(error, requestId);
  }

  #log(error: ServiceError, requestId: string, path: string): void {
    const about = { requestId, path, code: error.code };
    // A transient one comes in floods and needs no stack: its code and words say it all.
    if (error.transient) this.#logger.warn({ ...about, detail: error.message }, 'call refused');
    else this.#logger.error({ ...about, err: error.cause ?? error }, 'call failed');
  }
}

function serviceErrorOf(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  return new ServiceError('internal', toError(thrown).message, { cause: thrown });
}

/** The caller's `x-request-id` when it is safe to log and to send back, else a new one. */
function requestIdOf(metadata: Metadata): string {
  const [given] = metadata.get('x-request-id');
  return typeof given === 'string' && USABLE_ID.test(given) ? given : randomUUID();
}
