import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { BenchmarkMessage, Report } from './report.ts';
import type { SuitePart } from './suite-parts.ts';

export interface PartResult {
  name: string;
  heading: string;
  text: string;
  command: string;
  reports: Report[];
  /** why it has no figures */
  failure?: string;
}

/**
 * Runs a benchmark in a process of its own. If it fails, it writes the reason to stderr.
 * @param onDone gets the share that is done, from 0 to 1
 */
export async function runPart(part: SuitePart, onDone: (done: number) => void): Promise<PartResult> {
  const { name, heading, text, args } = part;
  const reports: Report[] = [];
  const child = fork(new URL(`../${name}.js`, import.meta.url), args, {
    execArgv: [],
    serialization: 'advanced',
  });
  child.on('message', (message: BenchmarkMessage) => {
    if ('report' in message) reports.push(message.report);
    else onDone(message.done);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const result = { name, heading, text, command: `npm run bench -- ${name} ${args.join(' ')}` };
  if (code === 0 && reports.length > 0) return { ...result, reports };
  return { ...result, reports: [], failure: `The benchmark exited with code ${code ?? 'none'}.` };
}
