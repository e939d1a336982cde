import type { FastifyReply, FastifyRequest } from 'fastify';
import { authorise, ruleOf } from '../../auth/authorise.ts';
import type { Authenticator } from '../../auth/authenticator.ts';
import { ANONYMOUS, type Principal } from '../../auth/principal.ts';
import { ServiceError } from '../../base/errors.ts';
import { Admission, hasSeveralCredentials, severalCredentials } from '../../services/admission.ts';
import type { RateLimiter } from '../../services/rate-limiter.ts';
import type { HttpScope } from './http-scope.ts';
import type { RequestRate } from './rate-limit.ts';
import { challengeOf } from './www-authenticate.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** undefined on an open route, and until the request is admitted */
    principal: Principal | undefined;
  }
}

/** The principal of an admitted request. @throws ServiceError `internal` on an open route */
export function principalOf({ principal }: Pick<FastifyRequest, 'principal'>): Principal {
  if (principal !== undefined) return principal;
  throw new ServiceError('internal', 'This route is open to everyone, so it must not depend on its caller.');
}

export interface PrincipalGateDependencies {
  /** undefined: everyone is anonymous and may do everything */
  authenticator: Authenticator | undefined;
  rateLimiter: RateLimiter | undefined;
  rate: RequestRate | undefined;
}

/**
 * Authenticates and authorises each request before its body is read. Adds no hook while authentication is off. Call it after
 * `refuseUnmatched`: a path that does not exist is a 404, with or without credentials.
 */
export function admitPrincipals(
  scope: HttpScope,
  { authenticator, rateLimiter, rate }: PrincipalGateDependencies,
): void {
  if (authenticator === undefined) {
    scope.decorateRequest('principal', { getter: () => ANONYMOUS });
    return;
  }
  scope.decorateRequest('principal', undefined);
  const admission = new Admission({ authenticator, rateLimiter });
  scope.addHook('onRequest', (request, reply, done) => {
    const { url = '', config } = request.routeOptions;
    const operation = operationOf(request.method, url);
    if (config.isRefused === true || ruleOf(operation)?.kind === 'open') {
      done();
      return;
    }
    const enter = (principal: Principal) => {
      request.principal = principal;
      done();
    };
    const refuse = (error: Error) => {
      challenge(error, operation, request, reply);
      done(error);
    };
    try {
      const { socket } = request.raw;
      const admitted = admission.admit(operation, authorizationOf(request), socket, (usage) =>
        rate?.show(usage, request, reply),
      );
      if (admitted instanceof Promise) admitted.then(enter, refuse);
      else enter(admitted);
    } catch (error) {
      refuse(error as Error);
    }
  });
}

/** The name of a route in the rules (auth/rules.ts). */
export function operationOf(method: string, url: string): string {
  return `${method === 'HEAD' ? 'GET' : method} ${url}`;
}

/** Tells, for an open route, whether the caller may see details of the service. Never fails: probes must be answered. */
export function detailsCheck(
  authenticator: Authenticator | undefined,
): (request: FastifyRequest) => Promise<boolean> {
  if (authenticator === undefined) return () => Promise.resolve(true);
  return async (request) => {
    if (request.raw.headers.authorization === undefined) return false;
    try {
      const principal = await authenticator.authenticate(authorizationOf(request));
      return authorise('GET /metrics', principal) === undefined;
    } catch {
      return false;
    }
  };
}

/** @throws ServiceError `unauthenticated` */
function authorizationOf({ raw }: FastifyRequest): string | undefined {
  const { authorization } = raw.headers;
  if (authorization !== undefined && hasSeveralCredentials(raw.rawHeaders)) throw severalCredentials();
  return authorization;
}

function challenge(error: Error, operation: string, request: FastifyRequest, reply: FastifyReply): void {
  const hasCredentials = request.raw.headers.authorization !== undefined;
  const value = challengeOf(error, operation, hasCredentials);
  if (value !== undefined) reply.header('www-authenticate', value);
}
