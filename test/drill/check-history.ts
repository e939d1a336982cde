import { canTransition, type OrderStatus } from '../../src/order/lifecycle.ts';
import type { ExpectedLife } from './expected-life.ts';
import type { Finding } from './findings.ts';
import type { HistoryVersion } from './read-back-types.ts';

/** The first thing that is wrong with the life of an order, or undefined. */
export function checkHistory(
  history: readonly HistoryVersion[],
  expected: ExpectedLife,
): Finding | undefined {
  const statuses = history.map(({ status }) => status);
  const versions = history.map(({ version }) => version);
  const shown = history.map(({ version, status }) => `${version} ${status}`).join(', ');
  const finding = (kind: Finding['kind'], why: string): Finding => ({ kind, detail: `${why} (${shown})` });

  if (hasRepeats(versions)) return finding('twice', 'a version is there twice');
  if (hasRepeats(statuses)) return finding('twice', 'a transition was done twice');
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
  { certain, possible }: ExpectedLife,
  finding: (kind: Finding['kind'], why: string) => Finding,
): Finding | undefined {
  if (sameList(statuses, certain)) return undefined;
  if (possible !== undefined && sameList(statuses, possible)) return undefined;
  if (statuses.some((status, index) => !canTransition(statuses[index - 1] ?? 'accepted', status))) {
    return finding('outOfOrder', 'no life goes this way');
  }
  const [first, expectedFirst = 'none'] = [statuses[0], certain[0]];
  if (first !== expectedFirst) {
    const kind = first === 'cancelled' ? 'outOfOrder' : 'unexplained';
    return finding(kind, `its first status must be ${expectedFirst}`);
  }
  const missing = certain.find((status) => !statuses.includes(status));
  if (missing !== undefined) return finding('lost', `${missing} was acknowledged and is not there`);
  const extra = statuses.find((status) => !(possible ?? certain).includes(status));
  if (extra !== undefined) return finding('unexplained', `nobody asked for ${extra} with success`);
  return finding('outOfOrder', `requested was ${certain.join(', ')}`);
}

function hasRepeats(things: readonly unknown[]): boolean {
  return new Set(things).size < things.length;
}

function sameList(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((thing, index) => thing === others[index]);
}
