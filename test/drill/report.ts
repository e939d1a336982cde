import { FINDING_KINDS, isClean, type FindingKind, type Verdict } from './findings.ts';
import type { Ledger } from './ledger.ts';
import type { DrillOptions } from './options.ts';
import type { ReadBack } from './read-back-types.ts';

export interface DrillReport {
  options: DrillOptions;
  /** the whole drill took, seconds */
  seconds: number;
  settled: boolean;
  faults: Record<string, number>;
  /** faults that this machine does not allow, and why */
  skipped: string[];
  /** service starts that failed because of a fault and were tried again */
  failedStarts: number;
  /** how often the call of an order killed a process */
  deaths: number;
  /** to writes: status, or why there was none → how often */
  responses: Record<string, number>;
  orders: Record<string, number>;
  deadLetters: Record<string, number>;
  /** the services' own counters; what a process counted in the second before a kill is missing */
  counters: Record<string, number>;
  verdict: Verdict;
}

/** Counts what was promised, and what is stored by status. */
export function orderCounts(
  { entries }: Ledger,
  { orders }: Pick<ReadBack, 'orders'>,
): Record<string, number> {
  const sent = { acknowledged: 0, unknown: 0, refused: 0 };
  let acknowledged = 0;
  for (const { outcome, transitions } of entries) {
    sent[outcome] += 1;
    acknowledged += transitions.filter((transition) => transition.outcome === 'acknowledged').length;
  }
  const stored = countBy(orders.map(({ status }) => status));
  return { ...sent, 'transitions acknowledged': acknowledged, stored: orders.length, ...stored };
}

export function countBy(names: Iterable<string>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return sorted(counts);
}

export function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const LABELS: Readonly<Record<FindingKind, string>> = {
  lost: 'lost',
  duplicated: 'duplicated',
  outOfOrder: 'out of order',
  stuck: 'stuck',
  unexpected: 'unexpected',
};

export function reportAsText(report: DrillReport): string {
  const { options, verdict, skipped, settled, seconds, failedStarts, deaths } = report;
  const { seed, minutes, log, store, rate, mix } = options;
  const lines = [
    `Drill: ${log} log, ${store} store, seed ${seed}, ${minutes} min at ${rate} orders/s, mix ${mix}; took ${seconds} s`,
    ...section('Faults injected', report.faults),
    ...skipped.map((why) => `  skipped: ${why}`),
    ...(failedStarts === 0 ? [] : [row('failed starts, tried again', failedStarts)]),
    ...(deaths === 0 ? [] : [row('processes that a call of the processor killed', deaths)]),
    ...section('Responses to writes', report.responses),
    ...section('Orders', report.orders),
    ...section('Dead letters', report.deadLetters),
    ...section("The services' counters (at least)", report.counters),
    `Verdict${settled ? '' : ' (not settled before the deadline)'}`,
    ...FINDING_KINDS.flatMap((kind) => {
      const { count, examples } = verdict[kind];
      return [row(LABELS[kind], count), ...examples.map((example) => `      ${example}`)];
    }),
    isClean(verdict) ? 'CLEAN: nothing was lost.' : `NOT CLEAN. Run it again with --seed ${seed}.`,
  ];
  return `${lines.join('\n')}\n`;
}

function section(title: string, counts: Record<string, number>): string[] {
  const rows = Object.entries(counts).map(([name, count]) => row(name, count));
  return [title, ...(rows.length === 0 ? ['  none'] : rows)];
}

function row(name: string, count: number): string {
  return `  ${name.padEnd(52)} ${String(count).padStart(8)}`;
}
