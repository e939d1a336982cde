import { startProgress } from './progress.ts';
import { describeMachine, type Machine } from './report.ts';
import { runPart, type PartResult } from './run-part.ts';
import type { SuitePart } from './suite-parts.ts';

export interface SuiteResult {
  /** ISO 8601 */
  startedAt: string;
  seconds: number;
  machine: Machine;
  parts: PartResult[];
}

/** Runs the parts one after the other; one that fails does not end the others. */
export async function runSuite(parts: readonly SuitePart[]): Promise<SuiteResult> {
  const startedAt = new Date();
  const machine = describeMachine();
  const total = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  const progress = startProgress();
  const results: PartResult[] = [];
  let before = 0;
  try {
    for (const part of parts) {
      const show = (done: number) => progress.update((before + done * part.seconds) / total, part.heading);
      show(0);
      results.push(await runPart(part, show));
      before += part.seconds;
    }
  } finally {
    progress.stop();
  }
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1_000);
  return { startedAt: startedAt.toISOString(), seconds, machine, parts: results };
}
