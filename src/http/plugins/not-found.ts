import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from './http-scope.ts';

/**
 * Refuses requests that match no route: 405 if the path supports other methods, 404 otherwise. It knows the routes that are
 * added from now on.
 * @param onRefused called for each refused request, with its status
 */
export function refuseUnmatched(
  scope: HttpScope,
  onRefused: (request: FastifyRequest, status: number) => void,
): void {
  const paths = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  scope.addHook('onRoute', ({ url, method }) => {
    const path = paths.get(url) ?? { pattern: pathPattern(url), methods: new Set() };
    for (const name of [method].flat()) path.methods.add(name);
    paths.set(url, path);
  });

  const errorOf = (request: FastifyRequest, reply: FastifyReply): ServiceError => {
    const path = request.url.split('?', 1)[0] ?? '';
    const matching = [...paths.values()].filter(({ pattern }) => pattern.test(path));
    const allowed = new Set(matching.flatMap(({ methods }) => [...methods]));
    // A wildcard route allows the method even where no such file exists.
    if (allowed.size === 0 || allowed.has(request.method)) {
      return new ServiceError('route-not-found', `There is nothing at ${path}.`);
    }
    reply.header('allow', [...allowed].sort().join(', '));
    return new ServiceError('method-not-allowed', `${path} does not support ${request.method}.`);
  };

  // A not-found handler alone would run only after the body is read, when it may have been refused for another reason.
  scope.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) {
      done();
      return;
    }
    const error = errorOf(request, reply);
    onRefused(request, error.row.httpStatus);
    done(error);
  });
  scope.setNotFoundHandler((request, reply) => {
    throw errorOf(request, reply);
  });
}

function pathPattern(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[A-Za-z]+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}$`);
}
