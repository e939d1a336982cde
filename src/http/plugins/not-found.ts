import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from '../schemas/http-scope.ts';

/** Asked only when no route matched: 405 for a path that takes other methods, 404 for one that is not there. */
export class UnmatchedRequests {
  readonly #methods = new Map<string, { path: RegExp; allowed: Set<string> }>();

  /** Learns the routes that are added to the scope from now on. */
  learnRoutes(scope: HttpScope): void {
    scope.addHook('onRoute', ({ url, method }) => {
      const known = this.#methods.get(url) ?? { path: pathPattern(url), allowed: new Set() };
      for (const name of [method].flat()) known.allowed.add(name);
      this.#methods.set(url, known);
    });
  }

  errorOf(request: FastifyRequest, reply: FastifyReply): ServiceError {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = new Set<string>();
    for (const known of this.#methods.values()) {
      if (known.path.test(path)) for (const method of known.allowed) allowed.add(method);
    }
    // A matching method that ended here was a file of the documentation that is not there.
    if (allowed.size === 0 || allowed.has(request.method))
      return new ServiceError('route-not-found', `There is nothing at ${path}.`);
    reply.header('allow', [...allowed].sort().join(', '));
    return new ServiceError('method-not-allowed', `${path} does not take ${request.method}.`);
  }
}

function pathPattern(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[A-Za-z]+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}$`);
}
