import { median } from '../support/report.ts';
import type { KillResult, OutageResult, Results, RivalResult, Samples } from './results.ts';

type Column = [header: string, cell: (result: RivalResult) => string];

const NOT_MEASURED = '–';

/** The three tables and their notes, for docs/benchmarks.md. */
export function fullReport(results: Results): string {
  const { conditions, skipped, rivals, outageMs } = results;
  const accepting = rivals.filter(({ kind }) => kind !== 'store');
  const storing = rivals.filter(({ kind }) => kind === 'store');
  const withLog = rivals.filter(({ kill, outage }) => kill !== undefined || outage !== undefined);
  const { connections, rate, rounds, seconds, storedOrders } = conditions;
  return [
    conditionsText(results),
    `#### Until Kafka has the order`,
    `Closed loop of ${connections} connections, ${seconds} s a round, median (min–max) of ${rounds} interleaved rounds; ` +
      `CPU in µs an order. Latency from the time an order was due, at ${rate} orders/s (open loop); the load may send an order up to 1 ms early.`,
    table(accepting, [
      ...speedColumns,
      ...latencyColumns,
      [
        'memory',
        ({ samples }) =>
          spread(
            samples.rssBytes.map((bytes) => bytes / 2 ** 20),
            0,
            ' MiB',
          ),
      ],
      ['start', ({ samples }) => spread(samples.startMs, 0, ' ms')],
    ]),
    ...(storing.length === 0
      ? []
      : [
          `#### Until PostgreSQL has the order`,
          `${storedOrders} orders a round over ${connections} connections, until the last one is stored.`,
          table(storing, [
            ...speedColumns,
            ['CPU of PostgreSQL', ({ samples }) => spread(samples.databaseMicros, 0)],
            ...latencyColumns,
            [
              'memory',
              ({ samples }) =>
                spread(
                  samples.rssBytes.map((bytes) => bytes / 2 ** 20),
                  0,
                  ' MiB',
                ),
            ],
            ['start', ({ samples }) => spread(samples.startMs, 0, ' ms')],
          ]),
        ]),
    ...(withLog.length === 0
      ? []
      : [
          `#### What is lost`,
          `\`kill -9\` under ${connections} clients, and a broker that was killed and away for ` +
            `${(outageMs / 1000).toFixed(0)} s. Lost: answered with 202, and not there afterwards. ` +
            `Kept although refused: a client that sends again orders twice, unless it has an idempotency key.`,
          table(withLog, faultColumns),
        ]),
    `#### Why`,
    rivals.map(({ title, why }) => `- **${title}**: ${why}`).join('\n'),
    ...problemsText(skipped, rivals),
  ].join('\n\n');
}

/** At most ten rows, for the README. */
export function shortTable({ rivals }: Results): string {
  return table(rivals.slice(0, 10), [
    ['', ({ title }) => title],
    ['orders/s', ({ samples }) => middle(samples.ordersPerSecond, 0)],
    ['CPU of the service, µs', ({ samples }) => middle(samples.serviceMicros, 0)],
    ['CPU of the broker, µs', ({ samples }) => middle(samples.brokerMicros, 0)],
    ['p99, ms', ({ samples }) => middle(samples.p99, 1)],
    [
      'memory, MiB',
      ({ samples }) =>
        middle(
          samples.rssBytes.map((bytes) => bytes / 2 ** 20),
          0,
        ),
    ],
    ['lost: kill, outage', ({ kind, kill, outage }) => lostText(kind, kill, outage)],
  ]);
}

const speedColumns: Column[] = [
  ['', ({ title }) => title],
  ['orders/s', ({ samples }) => spread(samples.ordersPerSecond, 0)],
  ['CPU of the service', ({ samples }) => spread(samples.serviceMicros, 0)],
  ['CPU of the broker', ({ samples }) => spread(samples.brokerMicros, 0)],
];

const latencyColumns: Column[] = (
  [
    ['p50, ms', 'p50'],
    ['p99, ms', 'p99'],
    ['p99.9, ms', 'p999'],
  ] as [string, keyof Samples][]
).map(([header, key]) => [header, ({ samples }) => spread(samples[key], 1)]);

const faultColumns: Column[] = [
  ['', ({ title }) => title],
  ['kill: acknowledged', ({ kill }) => number(kill?.acknowledged)],
  ['lost', ({ kill }) => number(kill?.lost)],
  ['all stored again after', ({ kill }) => seconds(kill?.storedAfterMs)],
  ['outage: acknowledged', ({ outage }) => number(outage?.acknowledged)],
  ['lost', ({ outage }) => number(outage?.lost)],
  ['refused or no answer', ({ outage }) => number(outage && outage.refused + outage.unanswered)],
  ['of these kept', ({ outage }) => number(outage?.keptUnacknowledged)],
  ['kept twice', ({ outage }) => number(outage?.duplicated)],
  ['a refusal takes (p50, p99)', ({ outage }) => refusals(outage)],
  ['recovers by itself', ({ outage }) => recovery(outage)],
];

/** As prettier writes it, except for the widths. */
function table(rivals: readonly RivalResult[], columns: readonly Column[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(([header]) => header)),
    line(columns.map((_, index) => (index === 0 ? '---' : '--:'))),
    ...rivals.map((rival) => line(columns.map(([, cell]) => cell(rival)))),
  ].join('\n');
}

function conditionsText({ machine, versions, kafka }: Results): string {
  const programs = Object.entries(versions)
    .filter(([name]) => name !== 'node')
    .map(([, version]) => version);
  return `${machine}; Apache Kafka ${kafka}, one broker, on the same cores as load, services and database; ${programs.join('; ')}.`;
}

function problemsText(skipped: Results['skipped'], rivals: readonly RivalResult[]): string[] {
  const lines = [
    ...skipped.map(({ title, reason }) => `- ${title} was skipped: ${oneLine(reason)}`),
    ...rivals.flatMap(({ title, problems }) => problems.map((problem) => `- ${title}: ${oneLine(problem)}`)),
  ];
  return lines.length === 0 ? [] : ['Not measured:', lines.join('\n')];
}

/** A message may hold anything a program wrote. */
function oneLine(text: string): string {
  return text
    .replaceAll(/[\s|<>`*_]+/g, ' ')
    .trim()
    .slice(0, 300);
}

function spread(samples: readonly number[], digits: number, unit = ''): string {
  if (samples.length === 0) return NOT_MEASURED;
  const [low, high] = [Math.min(...samples), Math.max(...samples)].map((value) => value.toFixed(digits));
  return `${median(samples).toFixed(digits)}${unit}${samples.length > 1 ? ` (${low}–${high})` : ''}`;
}

function middle(samples: readonly number[], digits: number): string {
  return samples.length === 0 ? NOT_MEASURED : median(samples).toFixed(digits);
}

function number(value: number | undefined): string {
  return value === undefined ? NOT_MEASURED : String(value);
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? NOT_MEASURED : `${(ms / 1000).toFixed(1)} s`;
}

function refusals(outage: OutageResult | undefined): string {
  if (!outage?.refusalMs) return NOT_MEASURED;
  return `${seconds(outage.refusalMs.p50)}, ${seconds(outage.refusalMs.p99)}`;
}

function recovery(outage: OutageResult | undefined): string {
  if (outage === undefined) return NOT_MEASURED;
  return outage.recoveredAfterMs === null ? '**no**' : `after ${seconds(outage.recoveredAfterMs)}`;
}

function lostText(kind: RivalResult['kind'], kill?: KillResult, outage?: OutageResult): string {
  if (kind === 'bare') return 'all';
  return `${number(kill?.lost)}, ${number(outage?.lost)}`;
}
