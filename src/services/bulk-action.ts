import pThrottle from 'p-throttle';
import { ServiceError, toError } from '../base/errors.ts';
import type {
  DeadLetterStore,
  DeadLetterWithPayload,
  Eligible,
  Selection,
} from '../store/dead-letter-store.ts';

/** What somebody wants done, with which letters. */
export interface BulkRequest {
  /** a filter without a state means the letters that are `open` */
  selection: Selection;
  /** only count */
  dryRun: boolean;
  /** letters, at most MAX_DEAD_LETTERS_PER_SECOND */
  ratePerSecond: number;
  /** only letters with an id above, and so many at most; for whoever goes on page by page */
  afterId: number;
  limit: number | undefined;
  /** who acts, for the audit */
  by: string;
}

/** One way to deal with letters. */
export interface BulkAction {
  /** as in "12 letters were replayed" */
  verb: string;
  eligible: Eligible;
  /** Does it to these letters, and adds to `tally` those that it is done to, also when it fails on the way. */
  perform(letters: DeadLetterWithPayload[], tally: { done: number }): Promise<void>;
}

export interface BulkResult {
  matched: number;
  done: number;
  /** matched, but not in a state for it, or replayed too often */
  skipped: number;
  /** the `afterId` to go on with when `limit` was reached, null when all are through */
  nextAfterId: number | null;
}

export const MAX_DEAD_LETTERS_PER_SECOND = 10_000;

const MAX_PAGE = 100;

/** A page is a part of a second, however low the rate: so soon a run can be stopped. */
const PAGES_A_SECOND = 4;

/**
 * Goes through the letters of this moment in the order in which they failed, page by page. When the signal fires or
 * something fails it ends after the page in hand. To repeat it is safe: letters that were `open` are not taken again,
 * since their state has changed; those asked for by id, or as `replaying`, are, and change nothing the second time.
 * @throws ServiceError `draining`, or what the store or the act throws, with how far it came
 */
export async function runBulkAction(
  store: DeadLetterStore,
  wish: BulkRequest,
  act: BulkAction,
  signal: AbortSignal,
): Promise<BulkResult> {
  const selection = openUnlessAsked(wish.selection);
  if (wish.dryRun) {
    const { matched, eligible } = await store.count(selection, act.eligible);
    return { matched, done: 0, skipped: matched - eligible, nextAfterId: null };
  }
  const pageSize = Math.min(MAX_PAGE, Math.ceil(wish.ratePerSecond / PAGES_A_SECOND));
  const interval = (pageSize / wish.ratePerSecond) * 1000;
  const turn = pThrottle({ limit: 1, interval })(() => Promise.resolve());
  const tally = { matched: 0, done: 0 };
  let afterId = wish.afterId;
  try {
    const newestId = await store.newestId();
    for (;;) {
      const left = (wish.limit ?? Infinity) - tally.matched;
      if (left <= 0) return { ...tally, skipped: tally.matched - tally.done, nextAfterId: afterId };
      const selected = await store.select(selection, afterId, Math.min(pageSize, left));
      const page = selected.filter(({ id }) => id <= newestId);
      const last = page.at(-1);
      if (last === undefined) return { ...tally, skipped: tally.matched - tally.done, nextAfterId: null };
      await turn();
      if (signal.aborted) throw stopped();
      const able = page.filter((letter) => isEligible(letter, act.eligible));
      if (able.length > 0) await act.perform(able, tally);
      tally.matched += page.length;
      afterId = last.id;
    }
  } catch (error) {
    const progress = `${tally.done} letters were ${act.verb}. It is safe to do it again.`;
    throw withDetail(error, (message) => `${message} ${progress}`);
  }
}

function openUnlessAsked(selection: Selection): Selection {
  if (!('filter' in selection)) return selection;
  return { filter: { ...selection.filter, state: selection.filter.state ?? 'open' } };
}

function isEligible(
  letter: DeadLetterWithPayload,
  { states, replayCountBelow = Infinity }: Eligible,
): boolean {
  return states.includes(letter.state) && letter.replayCount < replayCountBelow;
}

function stopped(): ServiceError {
  return new ServiceError('draining', 'Stopped: this instance is going away, or whoever asked is gone.');
}

/** The same error with more to say; a defect has its cause to say it all. */
export function withDetail(thrown: unknown, detail: (message: string) => string): ServiceError {
  const { message } = toError(thrown);
  if (!(thrown instanceof ServiceError)) return new ServiceError('internal', message, { cause: thrown });
  const { code, retryAfter } = thrown;
  const options = retryAfter === undefined ? { cause: thrown } : { cause: thrown, retryAfter };
  return new ServiceError(code, detail(message), options);
}
