import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import type { BarChart, LineChart, Spread } from './chart.ts';

/** One figure: a sample for each round. */
export interface Measured {
  /** what was measured; figures of the same name become one row of a table */
  name: string;
  /** its unit, and what it is; becomes a column */
  unit: string;
  digits: number;
  samples: number[];
  /** the figure we aim for, such as `≤ 1.5` */
  target?: string;
  /** Set for ratios that are steady enough for `bench:check`. */
  better?: 'higher' | 'lower';
}

export type Chart = ({ kind: 'bars' } & BarChart) | ({ kind: 'lines' } & LineChart);

export interface Report {
  title: string;
  rows: readonly Measured[];
  chart?: Chart;
}

/** What a benchmark sends to the suite that started it. */
export type BenchmarkMessage = { report: Report } | { done: number };

export interface Machine {
  processors: string;
  memoryGiB: number;
  node: string;
  platform: string;
  commit: string;
}

/** Numbers mean nothing without machine, versions and commit. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processors: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: process.platform,
    commit: execFileSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], {
      encoding: 'utf8',
    }).trim(),
  };
}

export function machineLine({ processors, memoryGiB, node, platform, commit } = describeMachine()): string {
  return `${processors}, ${memoryGiB} GiB, Node ${node}, ${platform}, commit ${commit}`;
}

/** Does nothing when no suite has started this process. */
export function tellSuite(message: BenchmarkMessage): void {
  process.send?.(message);
}

/** Prints the figures, or gives them to the suite that runs the benchmark. */
export function printReport(title: string, rows: readonly Measured[], chart?: Chart): void {
  if (process.send !== undefined) {
    const result = { title, rows, ...(chart !== undefined && { chart }) };
    tellSuite({ report: result });
    return;
  }
  const rounds = rows[0]?.samples.length ?? 0;
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`\n${title}`);
  console.log(`${machineLine()}; median (min–max) of ${rounds} interleaved rounds`);
  for (const row of rows) {
    const target = row.target === undefined ? '' : ` (target: ${row.target})`;
    console.log(`  ${row.name.padEnd(width)}  ${spreadText(row)} ${row.unit}${target}`);
  }
}

/** `median (min–max)` */
export function spreadText({ samples, digits }: Measured): string {
  const { median, min, max } = spreadOf(samples);
  const [middle, low, high] = [median, min, max].map((value) => value.toFixed(digits));
  return samples.length === 1 ? String(middle) : `${middle} (${low}–${high})`;
}

/** @throws RangeError without samples */
export function spreadOf(samples: readonly number[]): Required<Spread> {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples) };
}

/** Ours divided by the reference, round by round: a disturbance of the machine affects both. */
export function ratios(ours: readonly number[], reference: readonly number[]): number[] {
  return ours.map((sample, round) => sample / (reference[round] ?? Number.NaN));
}

/** @throws RangeError without samples */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('No samples.');
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
