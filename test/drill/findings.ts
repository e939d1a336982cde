/**
 * `lost`: acknowledged and missing · `duplicated`: stored or done more than once · `outOfOrder`: not in the order of the
 * requests, or not a possible lifecycle · `stuck`: not processed although no fault is left · `unexpected`: present, or in
 * a state, for no known reason
 */
export const FINDING_KINDS = ['lost', 'duplicated', 'outOfOrder', 'stuck', 'unexpected'] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  kind: FindingKind;
  detail: string;
}

export interface FindingSummary {
  count: number;
  examples: string[];
}

export type Verdict = Record<FindingKind, FindingSummary>;

const MAX_EXAMPLES = 10;

/** Counts all findings and keeps the first ten of each kind. */
export function summarise(findings: Iterable<Finding>): Verdict {
  const none = (): FindingSummary => ({ count: 0, examples: [] });
  const verdict: Verdict = {
    lost: none(),
    duplicated: none(),
    outOfOrder: none(),
    stuck: none(),
    unexpected: none(),
  };
  for (const { kind, detail } of findings) {
    const summary = verdict[kind];
    summary.count += 1;
    if (summary.examples.length < MAX_EXAMPLES) summary.examples.push(detail);
  }
  return verdict;
}

export function isClean(verdict: Verdict): boolean {
  return FINDING_KINDS.every((kind) => verdict[kind].count === 0);
}
