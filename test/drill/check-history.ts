import { canTransition, type OrderStatus } from '../../src/order/lifecycle.ts';
import type { ExpectedStatuses } from './expected-statuses.ts';
import type { Finding } from './findings.ts';
import type { HistoryVersion } from './read-back-types.ts';

/** The first thing wrong with the history of an order, or undefined. */
export function checkHistory(
  history: readonly HistoryVersion[],
  expected: ExpectedStatuses,
): Finding | undefined {
  const statuses = history.map(({ status }) => status);
  const versions = history.map(({ version }) => version);
  const shown = history.map(({ version, status }) => `${version} ${status}`).join(', ');
  const finding = (kind: Finding['kind'], why: string): Finding => ({ kind, detail: `${why} (${shown})` });

  if (hasDuplicates(versions)) return finding('duplicated', 'a version appears twice');
  if (hasDuplicates(statuses)) return finding('duplicated', 'a transition was done twice');
  if (versions.some((version, index) => version !== index + 1)) {
    return finding('outOfOrder', 'the versions do not count from 1');
  }
  if (history.some(({ at }, index) => at < (history[index - 1]?.at ?? 0))) {
    return finding('outOfOrder', 'a later version has an earlier time');
  }
  return compare(statuses, expected, finding);
}

function compare(
  statuses: readonly OrderStatus[],
  { certain, possible }: ExpectedStatuses,
  finding: (kind: Finding['kind'], why: string) => Finding,
): Finding | undefined {
  if (areEqual(statuses, certain)) return undefined;
  if (possible.some((history) => areEqual(statuses, history))) return undefined;
  if (statuses.some((status, index) => !canTransition(statuses[index - 1] ?? 'accepted', status))) {
    return finding('outOfOrder', 'no lifecycle allows this');
  }
  const [first, expectedFirst = 'none'] = [statuses[0], certain[0]];
  if (first !== expectedFirst) {
    const kind = first === 'cancelled' ? 'outOfOrder' : 'unexpected';
    return finding(kind, `its first status must be ${expectedFirst}`);
  }
  const missing = certain.find((status) => !statuses.includes(status));
  if (missing !== undefined) return finding('lost', `${missing} was acknowledged and is missing`);
  const extra = statuses.find((status) => ![certain, ...possible].some((all) => all.includes(status)));
  if (extra !== undefined) return finding('unexpected', `no request for ${extra} was accepted`);
  return finding('outOfOrder', `the requests were ${certain.join(', ')}`);
}

function hasDuplicates(items: readonly unknown[]): boolean {
  return new Set(items).size < items.length;
}

function areEqual(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index]);
}
