import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** One row: a sample for each round. */
export interface Measured {
  name: string;
  unit: string;
  digits: number;
  samples: number[];
}

/** Machine, versions and commit: numbers mean nothing without them. */
export function machineLine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return `${processors.length} × ${model}, ${memory} GiB, Node ${process.version}, ${process.platform}, commit ${commit}`;
}

export function printReport(title: string, rows: readonly Measured[]): void {
  const rounds = rows[0]?.samples.length ?? 0;
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`\n${title}`);
  console.log(`${machineLine()}; median (min–max) of ${rounds} interleaved rounds`);
  for (const { name, unit, digits, samples } of rows) {
    const [middle, min, max] = [median(samples), Math.min(...samples), Math.max(...samples)].map((value) =>
      value.toFixed(digits),
    );
    console.log(`  ${name.padEnd(width)}  ${middle} (${min}–${max}) ${unit}`);
  }
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
