/**
 * `lost`: acknowledged and not there · `twice`: there or done more than once · `outOfOrder`: not in the order of the
 * requests, or of a life · `stuck`: not processed although nothing is in the way any more · `unexplained`: there, or
 * in a state, for which there is no reason
 */
export const FINDING_KINDS = ['lost', 'twice', 'outOfOrder', 'stuck', 'unexplained'] as const;

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

/** Counts all and remembers the first ten of a kind. */
export function summarise(findings: Iterable<Finding>): Verdict {
  const none = (): FindingSummary => ({ count: 0, examples: [] });
  const verdict: Verdict = {
    lost: none(),
    twice: none(),
    outOfOrder: none(),
    stuck: none(),
    unexplained: none(),
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
