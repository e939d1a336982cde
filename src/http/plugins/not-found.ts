import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../../base/errors.ts';
import { shortened } from '../../services/validation.ts';
import type { HttpScope } from './http-scope.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** the route only refuses its methods */
    isRefused?: boolean;
  }
}

/** Characters of a path in an error. */
const MAX_PATH = 256;

interface Path {
  pattern: RegExp;
  methods: Set<string>;
}

/**
 * Refuses requests that match no route: 405 if the path supports other methods, 404 otherwise. It knows the routes that are
 * added from now on.
 * @param onRefused called for each refused request, with its status
 */
export function refuseUnmatched(
  scope: HttpScope,
  onRefused: (request: FastifyRequest, status: number) => void,
): void {
  const paths = new Map<string, Path>();
  scope.addHook('onRoute', ({ url, method, config }) => {
    if (config?.isRefused === true) return;
    const path = paths.get(url) ?? { pattern: pathPattern(url), methods: new Set() };
    for (const name of [method].flat()) path.methods.add(name);
    // Fastify does not announce the GET route at the root of a prefix, only the HEAD route that it adds for it.
    if (path.methods.has('HEAD')) path.methods.add('GET');
    paths.set(url, path);
  });

  const errorOf = (request: FastifyRequest, reply: FastifyReply): ServiceError => {
    const path = decodedPath(request.url);
    const shown = shortened(path, MAX_PATH);
    const allowed = allowedMethods(paths, path);
    // A wildcard route allows the method even where no such file exists.
    if (allowed.size === 0 || allowed.has(request.method)) {
      return new ServiceError('route-not-found', `There is nothing at ${shown}.`);
    }
    reply.header('allow', [...allowed].sort().join(', '));
    return new ServiceError('method-not-allowed', `${shown} does not support ${request.method}.`);
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

/** Answers GET and HEAD with 405 at a path where the route of another path, such as `/orders/:id`, would serve them. */
export function refuseReads(scope: HttpScope, url: string): void {
  scope.get(url, { schema: { hide: true }, config: { isRefused: true } }, (_request, reply) => {
    reply.callNotFound();
  });
}

/** A path without parameters has only its own methods, even if the pattern of another one matches it. */
function allowedMethods(paths: ReadonlyMap<string, Path>, path: string): Set<string> {
  const own = paths.get(path);
  if (own !== undefined) return own.methods;
  const matching = [...paths.values()].filter(({ pattern }) => pattern.test(path));
  return new Set(matching.flatMap(({ methods }) => [...methods]));
}

/** The path as the router sees it. */
function decodedPath(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

function pathPattern(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[A-Za-z]+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}$`);
}
