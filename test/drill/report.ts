import { FINDING_KINDS, isClean, type FindingKind, type Verdict } from './findings.ts';
import type { Ledger } from './ledger.ts';
import type { DrillOptions } from './options.ts';
import type { ReadBack } from './read-back-types.ts';

export interface DrillReport {
  options: DrillOptions;
  /** all in all, seconds */
  seconds: number;
  settled: boolean;
  faults: Record<string, number>;
  leftOut: string[];
  /** starts of a service that failed because of what was broken, and were tried again */
  failedStarts: number;
  answers: Record<string, number>;
  orders: Record<string, number>;
  deadLetters: Record<string, number>;
  /** the services' own counters; at least, as a killed process takes its last second along */
  counters: Record<string, number>;
  verdict: Verdict;
}

/** Counts of what was promised, and of what is there, by status. */
export function orderCounts(
  { entries }: Ledger,
  { orders }: Pick<ReadBack, 'orders'>,
): Record<string, number> {
  const sent = { acknowledged: 0, unknown: 0, refused: 0 };
  let transitions = 0;
  for (const { outcome, wishes } of entries) {
    sent[outcome] += 1;
    transitions += wishes.filter((wish) => wish.outcome === 'acknowledged').length;
  }
  const stored = countBy(orders.map(({ status }) => status));
  return { ...sent, 'transitions acknowledged': transitions, stored: orders.length, ...stored };
}

export function countBy(names: Iterable<string>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return sorted(counts);
}

export function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const WORDS: Readonly<Record<FindingKind, string>> = {
  lost: 'lost',
  twice: 'twice',
  outOfOrder: 'out of order',
  stuck: 'stuck',
  unexplained: 'unexplained',
};

/** The report as a person reads it. */
export function reportAsText(report: DrillReport): string {
  const { options, verdict, leftOut, settled, seconds, failedStarts } = report;
  const { seed, minutes, log, store, rate, mix } = options;
  const lines = [
    `Drill: ${log} log, ${store} store, seed ${seed}, ${minutes} min at ${rate} orders/s, mix ${mix}; ${seconds} s in all`,
    ...section('Faults injected', report.faults),
    ...leftOut.map((why) => `  left out: ${why}`),
    ...(failedStarts === 0 ? [] : [`  starts that failed meanwhile and were tried again: ${failedStarts}`]),
    ...section('Answers to writes', report.answers),
    ...section('Orders', report.orders),
    ...section('Dead letters', report.deadLetters),
    ...section('What the services counted, at least', report.counters),
    `Verdict${settled ? '' : ' (not settled within the deadline)'}`,
    ...FINDING_KINDS.flatMap((kind) => {
      const { count, examples } = verdict[kind];
      return [row(WORDS[kind], count), ...examples.map((example) => `      ${example}`)];
    }),
    isClean(verdict) ? 'Nothing is lost.' : `NOT CLEAN. Run it again with --seed ${seed} to look closer.`,
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
