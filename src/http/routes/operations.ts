import { Gauge } from 'prom-client';
import { Type } from 'typebox';
import type { Metrics } from '../../base/metrics.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import type { RequestDurations } from '../plugins/request-durations.ts';

export interface Readiness {
  ready: boolean;
  /** component → 'ok' or its problem */
  checks: Record<string, string>;
}

export interface OperationsDependencies {
  readiness: () => Promise<Readiness>;
  isDraining: () => boolean;
  pendingAppends: () => number;
  metrics: Metrics;
  durations: RequestDurations;
}

const Live = Type.Object({ status: Type.Literal('ok') }, { description: 'The event loop is running' });

const ReadyBody = (status: 'ok' | 'unavailable', description: string) =>
  Type.Object(
    {
      status: Type.Literal(status),
      checks: Type.Record(Type.String(), Type.String(), { description: "'ok' or what is wrong" }),
    },
    { description },
  );

const Ready = ReadyBody('ok', 'Send requests here');
const NotReady = ReadyBody('unavailable', 'Send requests to another replica for now');

const tags = ['operations'];

/** Routes for operators, registered outside /v1: its hooks must not refuse them under load or during shutdown. */
export function addOperations(scope: HttpScope, dependencies: OperationsDependencies): void {
  addLivez(scope);
  addReadyz(scope, dependencies);
  addMetrics(scope, dependencies);
}

function addLivez(scope: HttpScope): void {
  const schema = { operationId: 'livez', summary: 'Is the process alive?', tags, response: { 200: Live } };
  scope.get('/livez', { schema }, () => ({ status: 'ok' as const }));
}

function addReadyz(scope: HttpScope, { readiness, isDraining }: OperationsDependencies): void {
  const schema = {
    operationId: 'readyz',
    summary: 'Can the process serve requests?',
    tags,
    response: { 200: Ready, 503: NotReady },
  };
  scope.get('/readyz', { schema }, async (_request, reply) => {
    const { ready, checks } = await readiness();
    const shutdown = isDraining() ? { shutdown: 'the service is shutting down' } : undefined;
    if (ready && shutdown === undefined) return { status: 'ok' as const, checks };
    reply.code(503);
    return { status: 'unavailable' as const, checks: { ...checks, ...shutdown } };
  });
}

function addMetrics(scope: HttpScope, { metrics, durations, pendingAppends }: OperationsDependencies): void {
  const { registry } = metrics;
  new Gauge({
    name: 'orders_pending_appends',
    help: 'Records appended to the event log and not yet acknowledged.',
    registers: [registry],
    collect() {
      this.set(pendingAppends());
    },
  });
  const response = {
    200: { description: 'Prometheus text format', content: { 'text/plain': { schema: Type.String() } } },
  };
  const schema = {
    operationId: 'metrics',
    summary: 'Metrics of the process',
    tags,
    response,
    problems: ['rate-limited'] as const,
  };
  scope.get('/metrics', { schema }, async (_request, reply) => {
    durations.flush();
    reply.type(registry.contentType);
    return reply.send(await registry.metrics());
  });
}
