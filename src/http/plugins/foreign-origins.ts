import type { IncomingHttpHeaders } from 'node:http';
import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from './http-scope.ts';

/** They change nothing. OPTIONS is how a browser asks for permission. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses changes that a page of another origin asks for (cross-site request forgery), unless the origin is allowed.
 * Programs send neither Origin nor Sec-Fetch-Site; a page cannot choose or omit them.
 */
export function refuseForeignOrigins(scope: HttpScope, corsOrigins: readonly string[]): void {
  const allowed = new Set(corsOrigins);
  scope.addHook('onRequest', ({ raw: { method = '', headers } }, _reply, done) => {
    if (SAFE_METHODS.has(method) || !isForeign(headers, allowed)) done();
    else done(originNotAllowed(headers.origin));
  });
}

/**
 * Whether a page of another origin sent the request. The scheme of Origin is not compared, because a proxy may end TLS;
 * Sec-Fetch-Site tells the two apart.
 */
export function isForeign(headers: IncomingHttpHeaders, allowed: ReadonlySet<string>): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers;
  if (origin === undefined && site === undefined) return false;
  if (origin !== undefined && allowed.has(origin)) return false;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && hostOf(origin) !== host?.toLowerCase();
}

/** With the port, as in Host; undefined for `null`, the origin of sandboxed pages. */
function hostOf(origin: string): string | undefined {
  return /^https?:\/\/(.+)$/.exec(origin.toLowerCase())?.[1];
}

function originNotAllowed(origin = 'unknown'): ServiceError {
  return new ServiceError(
    'origin-not-allowed',
    `A page of another origin (${origin.slice(0, 100)}) sent this request, which may change something. ` +
      'To allow that, add the origin to the setting CORS_ORIGINS.',
  );
}
