import pThrottle from 'p-throttle';
import { ServiceError, toServiceError } from '../base/errors.ts';
import type {
  DeadLetterStore,
  DeadLetterWithPayload,
  Eligible,
  Selection,
} from '../store/dead-letter-store.ts';

/** What a caller wants done with many dead letters. */
export interface BulkRequest {
  /** a filter without a state means the dead letters that are `open` */
  selection: Selection;
  /** count without changing */
  dryRun: boolean;
  /** dead letters, at most MAX_DEAD_LETTERS_PER_SECOND */
  ratePerSecond: number;
  /** only dead letters with a higher id, at most `limit` of them: for callers who go on page by page */
  afterId: number;
  limit: number | undefined;
  /** who acts, for the audit */
  by: string;
}

/** Replay or discard. */
export interface BulkAction {
  /** as in "12 dead letters were replayed" */
  verb: string;
  eligible: Eligible;
  /** Does it to these, and adds to `tally` those it was done to, also when it fails on the way. */
  perform(deadLetters: DeadLetterWithPayload[], tally: { done: number }): Promise<void>;
}

export interface BulkResult {
  matched: number;
  done: number;
  /** matched, but in a state that the action does not take, or replayed too often */
  skipped: number;
  /** the `afterId` of the next call if `limit` was reached; null at the end */
  nextAfterId: number | null;
}

export const MAX_DEAD_LETTERS_PER_SECOND = 10_000;

const MAX_PAGE = 100;

/** At a low rate a page still takes only part of a second, so that a run can be stopped quickly. */
const PAGES_A_SECOND = 4;

/**
 * Goes page by page through the dead letters that exist now, oldest failure first; it ends after the page in hand when
 * the signal is aborted or something fails. Repeating it is safe: those that were `open` are not taken again, since their
 * state has changed; those named by id or as `replaying` are, and change nothing the second time.
 * @throws ServiceError `draining`, or what the store or the action throws; the message says how many were done
 */
export async function runBulkAction(
  store: DeadLetterStore,
  request: BulkRequest,
  action: BulkAction,
  signal: AbortSignal,
): Promise<BulkResult> {
  const selection = openByDefault(request.selection);
  if (request.dryRun) {
    const { matched, eligible } = await store.count(selection, action.eligible);
    return { matched, done: 0, skipped: matched - eligible, nextAfterId: null };
  }
  const pageSize = Math.min(MAX_PAGE, Math.ceil(request.ratePerSecond / PAGES_A_SECOND));
  const interval = (pageSize / request.ratePerSecond) * 1000;
  const nextPage = pThrottle({ limit: 1, interval })(() => Promise.resolve());
  const tally = { matched: 0, done: 0 };
  const { limit = Infinity } = request;
  let nextAfterId: number | null = request.afterId;
  try {
    const newestId = await store.newestId();
    while (tally.matched < limit) {
      const selected = await store.select(selection, nextAfterId, Math.min(pageSize, limit - tally.matched));
      const page = selected.filter(({ id }) => id <= newestId);
      nextAfterId = page.at(-1)?.id ?? null;
      if (nextAfterId === null) break;
      await nextPage();
      if (signal.aborted)
        throw new ServiceError('draining', 'The instance is shutting down, or the caller left.');
      const eligible = page.filter((deadLetter) => isEligible(deadLetter, action.eligible));
      if (eligible.length > 0) await action.perform(eligible, tally);
      tally.matched += page.length;
    }
    return { ...tally, skipped: tally.matched - tally.done, nextAfterId };
  } catch (thrown) {
    const progress = `${tally.done} dead letters were ${action.verb}. Repeating the request is safe.`;
    throw withDetail(thrown, (message) => `${message} ${progress}`);
  }
}

function openByDefault(selection: Selection): Selection {
  if (!('filter' in selection)) return selection;
  return { filter: { ...selection.filter, state: selection.filter.state ?? 'open' } };
}

function isEligible(
  { state, replayCount }: DeadLetterWithPayload,
  { states, replayCountBelow = Infinity }: Eligible,
): boolean {
  return states.includes(state) && replayCount < replayCountBelow;
}

/** The same error with more to say; a defect keeps its own message. */
export function withDetail(thrown: unknown, detail: (message: string) => string): ServiceError {
  const error = toServiceError(thrown);
  if (error !== thrown) return error;
  const { code, message, retryAfter } = error;
  return new ServiceError(code, detail(message), {
    cause: error,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
