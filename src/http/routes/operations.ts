import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Metrics } from '../../base/metrics.ts';
import { OPEN_METRICS_TYPE, prefersOpenMetrics, toOpenMetrics } from '../../base/open-metrics.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import type { RequestDurations } from '../plugins/request-durations.ts';

export interface Readiness {
  ready: boolean;
  /** component → 'ok' or its problem */
  checks: Record<string, string>;
}

export interface ProbesDependencies {
  readiness: () => Promise<Readiness>;
  isDraining: () => boolean;
  /** Whether the caller of a request may see the checks. */
  showsDetails: (request: FastifyRequest) => Promise<boolean>;
}

export interface MetricsDependencies {
  pendingAppends: () => number;
  metrics: Metrics;
  durations: RequestDurations;
}

const Live = Type.Object({ status: Type.Literal('ok') }, { description: 'The event loop is running' });

const ReadyBody = (status: 'ok' | 'unavailable', description: string) =>
  Type.Object(
    {
      status: Type.Literal(status),
      checks: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description: "'ok' or what is wrong; only for callers with the scope `stats:read`",
        }),
      ),
    },
    { description },
  );

const Ready = ReadyBody('ok', 'Send requests here');
const NotReady = ReadyBody('unavailable', 'Send requests to another replica for now');

const tags = ['operations'];

/** /livez and /readyz. They are open: gateways and orchestrators have no credentials. */
export function addProbes(scope: HttpScope, dependencies: ProbesDependencies): void {
  addLivez(scope);
  addReadyz(scope, dependencies);
}

function addLivez(scope: HttpScope): void {
  const schema = { operationId: 'livez', summary: 'Is the process alive?', tags, response: { 200: Live } };
  scope.get('/livez', { schema }, () => ({ status: 'ok' as const }));
}

function addReadyz(scope: HttpScope, dependencies: ProbesDependencies): void {
  const { readiness, isDraining, showsDetails } = dependencies;
  const schema = {
    operationId: 'readyz',
    summary: 'Can the process serve requests?',
    tags,
    response: { 200: Ready, 503: NotReady },
  };
  scope.get('/readyz', { schema }, async (request, reply) => {
    const [{ ready, checks }, isDetailed] = await Promise.all([readiness(), showsDetails(request)]);
    const shutdown = isDraining() ? { shutdown: 'the service is shutting down' } : undefined;
    const details = isDetailed ? { checks: { ...checks, ...shutdown } } : {};
    if (ready && shutdown === undefined) return { status: 'ok' as const, ...details };
    reply.code(503);
    return { status: 'unavailable' as const, ...details };
  });
}

/** /metrics. Add it once in a process. */
export function addMetrics(scope: HttpScope, dependencies: MetricsDependencies): void {
  const { metrics, durations, pendingAppends } = dependencies;
  const { registry } = metrics;
  registry.onScrape(() => metrics.pendingAppends.set(pendingAppends()));
  const response = {
    200: {
      description: 'Prometheus text format; with exemplars as OpenMetrics, if the Accept header asks for it',
      content: {
        'text/plain': { schema: Type.String() },
        'application/openmetrics-text': { schema: Type.String() },
      },
    },
  };
  const schema = {
    operationId: 'metrics',
    summary: 'Metrics of the process',
    tags,
    response,
    problems: ['rate-limited'] as const,
  };
  scope.get('/metrics', { schema }, async (request, reply) => {
    durations.flush();
    const text = await registry.metrics();
    if (!prefersOpenMetrics(request.headers.accept)) return reply.type(registry.contentType).send(text);
    return reply.type(OPEN_METRICS_TYPE).send(toOpenMetrics(text, metrics.exemplars, metrics.ownLabels));
  });
}
