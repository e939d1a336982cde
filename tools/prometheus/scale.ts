import type { Rule, RuleFile } from './rules.ts';

const MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Figures of the log and the store are sampled every 5 s: in a shorter range they seem not to change. */
const MIN_WINDOW_MS = 8_000;

/** A process takes seconds to start, however much time is compressed. */
const MIN_RESTARTS_MS = 60_000;

/** One failed scrape on a busy machine must not make an alert fire. */
const MIN_PENDING_MS = 3_000;

/**
 * The same rules with every range and every `for` divided by a factor, so that a drill sees in seconds what takes hours in
 * production. Thresholds stay as they are.
 */
export function scaleRules({ groups }: RuleFile, factor: number): RuleFile {
  return {
    groups: groups.map((group) => ({ ...group, rules: group.rules.map((rule) => scaleRule(rule, factor)) })),
  };
}

function scaleRule(rule: Rule, factor: number): Rule {
  const minWindow = /\bchanges\(process_start_time_seconds\b/.test(rule.expr)
    ? MIN_RESTARTS_MS
    : MIN_WINDOW_MS;
  const expr = rule.expr
    .replace(/\[(\d+)([smhd])\]/g, (_, count: string, unit: string) => {
      return `[${scaled(millisecondsOf(count, unit), factor, minWindow)}ms]`;
    })
    // The second argument is a time as well: how far ahead to look.
    .replace(/(predict_linear\([^()]*, )(\d+)\)/g, (_, head: string, seconds: string) => {
      return `${head}${Number(seconds) / factor})`;
    });
  if (rule.for === undefined) return { ...rule, expr };
  const [, count = '0', unit = 's'] = /^(\d+)([smhd])$/.exec(rule.for) ?? [];
  return { ...rule, expr, for: `${scaled(millisecondsOf(count, unit), factor, MIN_PENDING_MS)}ms` };
}

function scaled(ms: number, factor: number, min: number): number {
  return Math.round(Math.max(min, ms / factor));
}

function millisecondsOf(count: string, unit: string): number {
  return Number(count) * MS[unit as keyof typeof MS];
}
