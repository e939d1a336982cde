import underPressure from '@fastify/under-pressure';
import { ERRORS } from '../../base/error-table.ts';
import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from './http-scope.ts';

/** How often the event loop delay is measured; a shorter peak may go unnoticed. */
const SAMPLE_INTERVAL_MS = 500;

/** Refuses requests before their body is read, while the event loop lags more than `maxEventLoopDelayMs`. */
export async function shedLoad(scope: HttpScope, maxEventLoopDelayMs: number): Promise<void> {
  await scope.register(underPressure, {
    maxEventLoopDelay: maxEventLoopDelayMs,
    sampleInterval: SAMPLE_INTERVAL_MS,
    retryAfter: ERRORS.overloaded.retryAfter ?? 1,
    customError: OverloadedError,
  });
}

class OverloadedError extends ServiceError {
  constructor() {
    super('overloaded', 'The service is overloaded. Try again in a moment.');
  }
}
