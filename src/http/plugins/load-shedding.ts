import underPressure from '@fastify/under-pressure';
import { ERRORS, ServiceError } from '../../base/errors.ts';
import type { HttpScope } from '../schemas/http-scope.ts';

/** How often the delay is measured, milliseconds: so long a burst is let through. */
const SAMPLE_INTERVAL_MS = 500;

/** Refuses early, before a body is read, while the event loop is later than `maxEventLoopDelayMs`. */
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
    super('overloaded', 'The service is behind with its work. Try again in a moment.');
  }
}
