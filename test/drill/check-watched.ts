import type { Finding } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { LostSpan } from './lost-spans.ts';
import type { ReadBack } from './read-back-types.ts';
import type { Resume, ToldChange, WatchLog } from './watch-log.ts';

/** A change is told a moment after it is stored, and a token comes with it. */
const MARGIN_MS = 2_000;

/**
 * A watcher is told every version of every order, once and in order, whatever its connections go through. A restored
 * backup begins a new life: it may tell again what it stores again, and it must refuse the tokens of the lost future.
 */
export function* checkWatched(
  { name, told, resumes, probes }: WatchLog,
  histories: ReadBack['histories'],
  lostSpans: readonly LostSpan[],
): Iterable<Finding> {
  const restores = lostSpans.filter(({ isRestore }) => isRestore);
  const lifeOf = (at: number): number => restores.filter(({ until }) => at > until).length;
  const lostFutures = restores.filter(({ lost }) => lost === 'everything');
  const toldOf = groupBy(told, ({ orderId }) => orderId);
  for (const [orderId, changes] of toldOf) {
    for (const ofLife of groupBy(changes, ({ at }) => lifeOf(at)).values()) {
      const finding = checkLife(ofLife);
      if (finding !== undefined) yield { ...finding, detail: `${name}, order ${orderId}: ${finding.detail}` };
    }
    const unknown = changes.find((change) => !isStored(change, histories) && !isLost(change, lostFutures));
    if (unknown === undefined) continue;
    const detail = `${name} was told ${describe(unknown)} of order ${orderId}, which is not in its history`;
    yield { kind: 'unexpected', detail };
  }
  const gaps = resumes.filter(({ status }) => status === 410);
  for (const [orderId, history] of histories) {
    const versions = new Set(toldOf.get(orderId)?.map(({ version }) => version));
    const missed = history.find(({ version, at }) => !versions.has(version) && !isInGap(at, gaps));
    if (missed === undefined) continue;
    yield { kind: 'lost', detail: `${name} was never told ${describe(missed)} of order ${orderId}` };
  }
  for (const resume of [...resumes, ...probes]) yield* checkResume(name, resume, { told, lostFutures });
}

function checkLife(changes: readonly ToldChange[]): Finding | undefined {
  const versions = changes.map(({ version }) => version);
  const shown = versions.join(', ');
  if (new Set(versions).size < versions.length) {
    return { kind: 'duplicated', detail: `a version was told twice (${shown})` };
  }
  if (versions.some((version, index) => version < (versions[index - 1] ?? 0))) {
    return { kind: 'outOfOrder', detail: `the versions were told as ${shown}` };
  }
  return undefined;
}

function* checkResume(
  name: string,
  { tokenAt, at, status }: Resume,
  { told, lostFutures }: { told: readonly ToldChange[]; lostFutures: readonly LostSpan[] },
): Iterable<Finding> {
  if (status !== 200 && status !== 410) {
    yield { kind: 'unexpected', detail: `${name} got ${status} for its resume token` };
  }
  const lostBy = lostFutures.find(({ after, until }) => tokenAt > after && tokenAt <= until && at > until);
  if (status === 410 && lostBy === undefined) {
    yield { kind: 'unexpected', detail: `${name} got 410 for a resume token of which nothing was lost` };
  }
  if (status !== 200 || lostBy === undefined) return;
  // Only a token that came with or after a change of the lost future is certainly of that future.
  const isBeyond = told.some((change) => change.at > lostBy.takenBy + MARGIN_MS && change.at <= tokenAt);
  if (isBeyond) yield { kind: 'unexpected', detail: `${name}: a resume token of a lost future was accepted` };
}

function isStored({ orderId, version, status }: ToldChange, histories: ReadBack['histories']): boolean {
  const stored = histories.get(orderId)?.find((entry) => entry.version === version);
  return stored?.status === status;
}

function isLost({ at }: ToldChange, lostFutures: readonly LostSpan[]): boolean {
  return lostFutures.some(({ after, until }) => at > after && at <= until);
}

/** A token that was refused leaves a gap: the reader of the stream reads the present state instead. */
function isInGap(at: number, gaps: readonly Resume[]): boolean {
  return gaps.some((gap) => at > gap.tokenAt - MARGIN_MS && at < gap.at + MARGIN_MS);
}

function describe({ version, status }: Pick<ToldChange, 'version' | 'status'>): string {
  return `${version} ${status}`;
}
