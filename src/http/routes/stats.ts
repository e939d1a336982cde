import { Type, type Static } from 'typebox';
import { mapCounts, type Counts, type LatencyFigures } from '../../stats/recent-seconds.ts';
import {
  KEPT_SECONDS,
  LATENCY_SECONDS,
  MAX_COUNTED,
  RATE_SECONDS,
  type Stats,
  type StatsFigures,
} from '../../stats/stats.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { timestamp, Timestamp } from '../schemas/order.ts';

const NumberOrNull = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });

const DependencyState = Type.Enum(['up', 'down'], { type: 'string' });

const counts = (description: string) =>
  Type.Object(
    {
      accepted: Type.Number({ description: 'Orders that this replica acknowledged' }),
      confirmed: Type.Number(),
      rejected: Type.Number(),
      failed: Type.Number(),
    },
    { description },
  );

const latency = (description: string) =>
  Type.Object(
    {
      count: Type.Integer({ minimum: 0 }),
      p50: NumberOrNull('Milliseconds; null if nothing was timed'),
      p99: NumberOrNull('Milliseconds; null if nothing was timed'),
    },
    { description },
  );

const StatsBody = Type.Object({
  replica: Type.String({ description: 'Identifies this process' }),
  role: Type.String(),
  version: Type.String({ description: 'Of this program' }),
  dependencies: Type.Object(
    { log: DependencyState, store: DependencyState },
    {
      description:
        'Whether they answer this replica. A lost connection shows within two seconds, a dependency that hangs within four.',
    },
  ),
  uptimeSeconds: Type.Number(),
  totals: counts('Since this process started'),
  perSecond: counts(`Mean of the last ${RATE_SECONDS} s`),
  latency: Type.Object(
    {
      accept: latency('From a request to its 202'),
      acceptToConfirmed: latency('From accepting an order to receiving its `confirmed` event'),
    },
    { description: `Of the last ${LATENCY_SECONDS} s` },
  ),
  backlog: Type.Object(
    {
      records: NumberOrNull(
        'Records in `orders.commands` that are not processed; null if the log or the store is unavailable',
      ),
      oldestAgeMs: NumberOrNull('Age of the oldest of them, to about a second'),
    },
    { description: 'Of the whole service' },
  ),
  retries: Type.Object({
    waiting: NumberOrNull(`Retrying orders, counted up to ${MAX_COUNTED}`),
  }),
  deadLetters: Type.Object({
    open: NumberOrNull('null if the store is unavailable'),
    reasons: Type.Record(Type.String(), Type.Integer(), { description: 'Open dead letters by reason' }),
  }),
  watchers: Type.Integer({ description: 'Streams and waiting requests at this replica' }),
  seconds: Type.Array(Type.Object({ endedAt: Timestamp('End of the second'), ...counts('').properties }), {
    description: 'The latest seconds, oldest first, as rates per second',
  }),
});

const schema = {
  operationId: 'readStats',
  summary: 'Read the statistics that the dashboard shows',
  description:
    'Counters, rates, latencies and watchers are those of the responding replica. Sum `accepted` over the replicas; do ' +
    'not sum `confirmed`, `rejected` and `failed`, because every replica counts every order. Backlog, retries and dead ' +
    'letters are those of the whole service, read at most once a second.',
  tags: ['operations'],
  querystring: Type.Object(
    {
      seconds: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: KEPT_SECONDS,
          default: 0,
          description: 'How many of the latest seconds to include one by one',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  response: { 200: StatsBody },
};

export function addStats(scope: HttpScope, stats: Stats): void {
  scope.get('/stats', { schema }, async ({ query }, reply) => {
    const figures = await stats.read(query.seconds ?? 0);
    reply.header('cache-control', 'no-store');
    return statsBody(figures);
  });
}

function statsBody(figures: StatsFigures): Static<typeof StatsBody> {
  const {
    replica,
    role,
    version,
    dependencies,
    uptimeMs,
    totals,
    latencies,
    backlog,
    retrying,
    deadLetters,
    watchers,
  } = figures;
  const open = deadLetters && Object.values(deadLetters).reduce((sum, count) => sum + count, 0);
  return {
    replica,
    role,
    version,
    dependencies,
    uptimeSeconds: uptimeMs / 1000,
    totals,
    perSecond: roundedToTenths(figures.perSecond),
    latency: {
      accept: latencyBody(latencies.accept),
      acceptToConfirmed: latencyBody(latencies.acceptToConfirmed),
    },
    backlog: {
      records: backlog?.records ?? null,
      oldestAgeMs: backlog === undefined ? null : Math.round(backlog.oldestAgeMs),
    },
    retries: { waiting: retrying ?? null },
    deadLetters: { open: open ?? null, reasons: deadLetters ?? {} },
    watchers,
    seconds: figures.seconds.map(({ endedAt, perSecond }) => ({
      endedAt: timestamp(endedAt),
      ...roundedToTenths(perSecond),
    })),
  };
}

function latencyBody({ count, p50, p99 }: LatencyFigures) {
  return { count, p50: p50 ?? null, p99: p99 ?? null };
}

function roundedToTenths(counts: Counts): Counts {
  return mapCounts((name) => Math.round(counts[name] * 10) / 10);
}
