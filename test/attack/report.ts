import type { Measured } from './verdict.ts';

export interface JudgedAttack extends Measured {
  name: string;
  outcome: 'passed' | 'failed';
  failures: string[];
  /** how the service answered: status → how often */
  answers: Record<string, number>;
  /** 2: the first run was only too slow */
  runs: number;
}

/** Not judged: its tool is missing, or it could not be completed. */
export interface UnjudgedAttack {
  name: string;
  outcome: 'skipped' | 'broken';
  why: string;
}

export type AttackResult = JudgedAttack | UnjudgedAttack;

export interface AttackReport {
  mode: 'embedded' | 'gateway';
  seconds: number;
  rateLimit: number;
  results: AttackResult[];
}

export function hasFailed({ results }: AttackReport): boolean {
  return results.some(({ outcome }) => outcome === 'failed' || outcome === 'broken');
}

const COLUMNS: readonly [title: string, width: number][] = [
  ['attack', -18],
  ['requests', 9],
  ['quiet p50', 10],
  ['p99', 7],
  ['p50', 8],
  ['p99', 7],
  ['event p99', 10],
  ['errors', 7],
  ['limited', 8],
  ['CPU ms/req', 11],
  ['RSS MiB', 8],
  ['', 0],
];

export function reportAsText(report: AttackReport): string {
  const { mode, seconds, rateLimit, results } = report;
  const limit = rateLimit === 0 ? 'no rate limit' : `at most ${rateLimit} requests a second from one address`;
  const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length;
  const lines = [
    `Attacks on the ${mode === 'gateway' ? 'service behind its gateway' : 'embedded service'}, ${seconds} s each; ${limit}.`,
    'Times of the honest client in ms: quiet, then under attack.',
    '',
    row(COLUMNS.map(([title]) => title)),
    ...results.flatMap(rowsOf),
    '',
    `${count('passed')} attacks passed, ${count('failed') + count('broken')} failed, ${count('skipped')} skipped.`,
  ];
  return `${lines.join('\n')}\n`;
}

function rowsOf(result: AttackResult): string[] {
  if ('why' in result) return [`${result.name.padEnd(18)}  ${result.outcome}: ${result.why}`];
  const { quiet, attacked } = result;
  const cells = [
    result.name,
    String(result.requests),
    ms(quiet.p50),
    ms(quiet.p99),
    ms(attacked.p50),
    ms(attacked.p99),
    ms(attacked.eventP99),
    String(attacked.errors),
    String(attacked.limited),
    result.cpuMsPerRequest.toFixed(2),
    result.peakMiB.toFixed(0),
    `${result.outcome === 'passed' ? ' ok' : ' FAILED'}${result.runs > 1 ? ', second run' : ''}`,
  ];
  return [row(cells), ...result.failures.map((failure) => `    ${failure}`)];
}

function row(cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = COLUMNS[index]?.[1] ?? 0;
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  return padded.join('').trimEnd();
}

function ms(value: number | null): string {
  return value === null ? '–' : value.toFixed(value < 10 ? 1 : 0);
}
