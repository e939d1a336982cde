import { median } from './report.ts';
import type { SuiteResult } from './run-suite.ts';

/** A ratio of the suite: ours divided by the reference, or the reverse. */
export interface BaselineRatio {
  better: 'higher' | 'lower';
  median: number;
}

/** name of the ratio → its value */
export type Baseline = Record<string, BaselineRatio>;

/** Below this share of the baseline, a ratio has become worse. */
export const TOLERATED = 0.9;

/** The ratios of a run that are steady enough to be compared with those of another. */
export function ratiosOf({ parts }: Pick<SuiteResult, 'parts'>): Baseline {
  const entries = parts.flatMap(({ name: part, reports }) =>
    reports
      .flatMap(({ rows }) => rows)
      .flatMap(({ name, unit, samples, better }) =>
        better === undefined
          ? []
          : [[`${part}: ${name}, ${unit}`, { better, median: round(median(samples)) }] as const],
      ),
  );
  return Object.fromEntries(entries);
}

/** What is worse than the baseline, one line each. Ratios that only one of the two has are named too. */
export function regressions(baseline: Baseline, measured: Baseline): string[] {
  const names = new Set([...Object.keys(baseline), ...Object.keys(measured)]);
  return [...names].flatMap((name) => {
    const [before, now] = [baseline[name], measured[name]];
    if (before === undefined) return [`${name}: not in the baseline; run with --update`];
    if (now === undefined) return [`${name}: not measured; run with --update if that is meant`];
    const share = before.better === 'higher' ? now.median / before.median : before.median / now.median;
    if (share >= TOLERATED) return [];
    return [`${name}: ${now.median} instead of ${before.median}, ${round(share)} as good`];
  });
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
