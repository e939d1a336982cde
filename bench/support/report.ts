import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { format, summarise } from './statistics.ts';

/** One thing that was measured, a sample a round. */
export interface Measured {
  name: string;
  unit: string;
  digits: number;
  samples: number[];
}

/** Machine, versions and commit: without them a figure says nothing. */
export function machineLine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return `${processors.length} × ${model}, ${memory} GiB, Node ${process.version}, ${process.platform}, commit ${commit}`;
}

export function printReport(title: string, rows: readonly Measured[]): void {
  const rounds = rows[0]?.samples.length ?? 0;
  const lines = rows.map(({ name, unit, digits, samples }) => [
    name,
    `${format(summarise(samples), digits)} ${unit}`,
  ]);
  const width = Math.max(...lines.map(([name]) => name?.length ?? 0));
  console.log(`\n${title}`);
  console.log(`${machineLine()}; median (min–max) of ${rounds} interleaved rounds`);
  for (const [name = '', figures = ''] of lines) console.log(`  ${name.padEnd(width)}  ${figures}`);
}

/** Ours by the reference, round by round: what disturbs the machine for a while disturbs both. */
export function ratios(ours: readonly number[], reference: readonly number[]): number[] {
  return ours.map((sample, round) => sample / (reference[round] ?? Number.NaN));
}
