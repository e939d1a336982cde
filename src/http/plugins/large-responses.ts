import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Callers } from '../../base/caller.ts';
import { toError } from '../../base/errors.ts';
import type { ResponseBudget } from '../../services/response-budget.ts';
import type { HttpScope } from './http-scope.ts';
import { OPERATIONAL_PATHS } from './operational-paths.ts';
import type { StalledResponses } from './stalled-responses.ts';

/** Smaller responses are not counted: the operating system takes them whole, and counting would cost them time. */
const LARGE_BYTES = 32 * 1024;

/** A reader that takes less than this in the time of `StalledResponses` is cut off. */
const SLICE_BYTES = 64 * 1024;

export interface LargeResponseDependencies {
  callers: Callers;
  budget: ResponseBudget;
  stalled: StalledResponses;
}

/**
 * Bounds what responses cost whose readers do not read: large ones count in the budget and are sent in slices, and their
 * connection is closed when no slice leaves. Event streams are hijacked, so no hook sees them; they have limits of their own.
 */
export function boundLargeResponses(scope: HttpScope, dependencies: LargeResponseDependencies): void {
  scope.addHook('onSend', (request, reply, payload, done) => {
    if (isSmall(payload) || request.method === 'HEAD') {
      done();
      return;
    }
    let bounded: unknown;
    try {
      bounded = bound(request, reply, payload, dependencies);
    } catch (error) {
      reply.removeHeader('etag');
      done(toError(error));
      return;
    }
    done(null, bounded);
  });
}

function isSmall(payload: unknown): payload is string | Buffer | null | undefined {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return payload.length < LARGE_BYTES;
  return payload === null || payload === undefined;
}

/** @throws ServiceError `overloaded` */
function bound(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  { callers, budget, stalled }: LargeResponseDependencies,
): unknown {
  const { socket } = request.raw;
  // A stream, such as a file, holds little memory.
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) {
    stalled.watch(socket, reply.raw);
    return payload;
  }
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const caller = callers.ofRequest(request.raw);
  const isRefusable = !OPERATIONAL_PATHS.has(request.routeOptions.url);
  const release = isRefusable ? budget.take(caller, bytes.length) : budget.count(caller, bytes.length);
  reply.raw.once('close', release);
  stalled.watch(socket, reply.raw);
  reply.header('content-length', bytes.length);
  return sliced(bytes);
}

function sliced(bytes: Buffer): Readable {
  let start = 0;
  return new Readable({
    highWaterMark: SLICE_BYTES,
    read() {
      this.push(start < bytes.length ? bytes.subarray(start, start + SLICE_BYTES) : null);
      start += SLICE_BYTES;
    },
  });
}
