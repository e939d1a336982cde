import { fastify, type FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { refuseUnknownHosts } from './plugins/allowed-hosts.ts';
import { limitConnections } from './plugins/connection-limit.ts';
import { createErrorHandler } from './plugins/error-handler.ts';
import type { HttpScope } from './plugins/http-scope.ts';
import { refuseUnmatched } from './plugins/not-found.ts';
import { returnRequestIds } from './plugins/request-id.ts';
import { setApiHeaders } from './plugins/security-headers.ts';
import type { HttpDependencies } from './app.ts';
import { addMetrics, addProbes } from './routes/operations.ts';
import { serverOptions } from './server-options.ts';

export type AdminDependencies = Pick<
  HttpDependencies,
  | 'callers'
  | 'durations'
  | 'hosts'
  | 'isDraining'
  | 'limits'
  | 'logger'
  | 'metrics'
  | 'pendingAppends'
  | 'readiness'
>;

/**
 * The application of ADMIN_PORT: /livez, /readyz with details and /metrics, without credentials. Only operators may reach
 * the port. The caller listens and closes.
 */
export function createAdminApp(dependencies: AdminDependencies): FastifyInstance {
  const { logger, metrics, limits, hosts, durations } = dependencies;
  const handleError = createErrorHandler(logger, metrics);
  const app = fastify({ ...serverOptions(limits), frameworkErrors: handleError });
  const scope: HttpScope = app.withTypeProvider<TypeBoxTypeProvider>();
  limitConnections(app.server, dependencies);
  scope.setErrorHandler(handleError);
  durations.measureRoutes(scope);
  returnRequestIds(scope);
  setApiHeaders(scope);
  refuseUnmatched(scope, (request, status) => durations.countUnmatched(request, status));
  refuseUnknownHosts(scope, hosts);
  addProbes(scope, { ...dependencies, showsDetails: () => Promise.resolve(true) });
  addMetrics(scope, dependencies);
  return app;
}
