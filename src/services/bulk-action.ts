import { createPacer } from '../base/pacer.ts';
import { ServiceError, toServiceError } from '../base/errors.ts';
import type {
  DeadLetterStore,
  DeadLetterWithPayload,
  Eligible,
  Selection,
} from '../store/dead-letter-store.ts';

/** A request to replay or discard many dead letters. */
export interface BulkRequest {
  /** a filter without a state selects `open` dead letters only */
  selection: Selection;
  /** count without changing */
  dryRun: boolean;
  /** dead letters, at most MAX_DEAD_LETTERS_PER_SECOND */
  ratePerSecond: number;
  /** for paging: only dead letters with a higher id */
  afterId: number;
  /** for paging: at most this many */
  limit: number | undefined;
  /** the name of the principal, for the audit */
  by: string;
}

/** Replay or discard. */
export interface BulkAction {
  /** as in "12 dead letters were replayed" */
  verb: string;
  eligible: Eligible;
  /** Acts on a page. Adds each success to `tally`, so that the count is right even if a later one fails. */
  perform(deadLetters: DeadLetterWithPayload[], tally: BulkTally): Promise<void>;
}

/** A dead letter that cannot be replayed, and why. */
export interface RefusedDeadLetter {
  id: number;
  reason: string;
}

export interface BulkTally {
  done: number;
  refused: RefusedDeadLetter[];
}

export interface BulkResult {
  matched: number;
  done: number;
  /** matched but in the wrong state, replayed too often, or refused */
  skipped: number;
  /** the first MAX_REFUSED_LISTED of them that were refused */
  refused: RefusedDeadLetter[];
  /** the `afterId` for the next call if `limit` was reached; null at the end */
  nextAfterId: number | null;
}

export const MAX_DEAD_LETTERS_PER_SECOND = 10_000;

export const MAX_REFUSED_LISTED = 100;

const MAX_PAGE = 100;

/** A low rate gets small pages, so that a slow run can still be stopped quickly. */
const PAGES_PER_SECOND = 4;

/**
 * Acts on the matching dead letters that exist now, page by page, oldest failure first. It stops after the current page
 * when the signal aborts, and when something fails. Repeating a request is safe: dead letters that were `open` no longer
 * match; those selected by id or as `replaying` match again, but a second time changes nothing.
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
    return { matched, done: 0, skipped: matched - eligible, refused: [], nextAfterId: null };
  }
  const pageSize = Math.min(MAX_PAGE, Math.ceil(request.ratePerSecond / PAGES_PER_SECOND));
  const interval = (pageSize / request.ratePerSecond) * 1000;
  const nextPage = createPacer(interval);
  const tally: BulkTally & { matched: number } = { matched: 0, done: 0, refused: [] };
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
        throw new ServiceError('draining', 'The instance is shutting down, or the caller disconnected.');
      const eligible = page.filter((deadLetter) => isEligible(deadLetter, action.eligible));
      if (eligible.length > 0) await action.perform(eligible, tally);
      tally.matched += page.length;
      tally.refused.splice(MAX_REFUSED_LISTED);
    }
    return { ...tally, skipped: tally.matched - tally.done, nextAfterId };
  } catch (thrown) {
    const count = tally.done === 1 ? '1 dead letter was' : `${tally.done} dead letters were`;
    throw withDetail(
      thrown,
      (message) => `${message} ${count} ${action.verb}. Repeating the request is safe.`,
    );
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

/** Copies a ServiceError with a longer message; wraps anything else as `internal`, its message unchanged. */
export function withDetail(thrown: unknown, detail: (message: string) => string): ServiceError {
  const error = toServiceError(thrown);
  if (error !== thrown) return error;
  const { code, message, callerMessage, retryAfter } = error;
  return new ServiceError(code, detail(message), {
    cause: error,
    callerMessage: detail(callerMessage),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
