import { setMaxListeners } from 'node:events';
import type { FastifyReply } from 'fastify';
import type { HttpScope } from './http-scope.ts';

/** Aborted when the server begins to close, so that long requests end. */
export function closingSignal(scope: HttpScope): AbortSignal {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  scope.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  return closing.signal;
}

/** Aborted when the server or this connection closes; also after a complete response, when it has no effect. */
export function untilClosed({ raw }: FastifyReply, closing: AbortSignal): AbortSignal {
  const closed = new AbortController();
  raw.once('close', () => closed.abort());
  return AbortSignal.any([closing, closed.signal]);
}
