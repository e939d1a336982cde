import type { FastifyReply } from 'fastify';
import type { HttpScope } from './http-scope.ts';

/** What the API reads besides the headers that every page may send. */
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-none-match',
  'last-event-id',
  'prefer',
  'traceparent',
  'x-request-id',
].join(', ');

/** What pages may read besides the headers that they always can. */
const RESPONSE_HEADERS = [
  'etag',
  'idempotent-replayed',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-request-id',
].join(', ');

const METHODS = 'GET, HEAD, POST';

/** Chromium keeps a permission for at most two hours. */
const MAX_AGE_SECONDS = 7_200;

/**
 * Lets pages of these origins use the API (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol), without cookies.
 * Their preflights are answered here; all other OPTIONS requests go on. @fastify/cors would answer those too, as plain text, and
 * its wildcard route would hide which methods a path supports.
 */
export function allowOrigins(scope: HttpScope, corsOrigins: readonly string[]): void {
  if (corsOrigins.length === 0) return;
  const allowed = new Set(corsOrigins);
  scope.addHook('onRequest', ({ raw: { headers } }, reply, done) => {
    reply.header('vary', 'Origin');
    const { origin } = headers;
    if (origin === undefined || !allowed.has(origin)) {
      done();
      return;
    }
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', RESPONSE_HEADERS);
    done();
  });
}

/** Call it after `allowOrigins`, and after the hooks that may refuse a preflight as any other request. */
export function answerPreflights(scope: HttpScope, corsOrigins: readonly string[]): void {
  if (corsOrigins.length === 0) return;
  scope.addHook('onRequest', ({ raw: { method, headers } }, reply, done) => {
    const isPreflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
    if (isPreflight && reply.hasHeader('access-control-allow-origin')) answerPreflight(reply);
    else done();
  });
}

function answerPreflight(reply: FastifyReply): void {
  reply
    .code(204)
    .header('access-control-allow-methods', METHODS)
    .header('access-control-allow-headers', REQUEST_HEADERS)
    .header('access-control-max-age', String(MAX_AGE_SECONDS))
    .send();
}
