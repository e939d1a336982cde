import type { Clock } from '../base/clock.ts';
import type { EventLog } from '../log/event-log.ts';
import type {
  AuditEntry,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterStore,
  DeadLetterWithPayload,
} from '../store/dead-letter-store.ts';
import { UNRESOLVED_STATES } from '../store/dead-letter.ts';
import { runBulkAction, type BulkAction, type BulkRequest, type BulkResult } from './bulk-action.ts';
import { replayPage } from './replay-dead-letters.ts';

export interface DeadLetterServiceDependencies {
  store: DeadLetterStore;
  log: EventLog;
  /** a dead letter whose replays failed so often is skipped */
  replayLimit: number;
  clock: Clock;
}

/** What operators do with dead letters. */
export class DeadLetterService {
  readonly #with: DeadLetterServiceDependencies;

  constructor(dependencies: DeadLetterServiceDependencies) {
    this.#with = dependencies;
  }

  /** Newest failure first. @throws ServiceError `cursor-invalid` */
  list(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return this.#with.store.list(query);
  }

  /** How many match, by reason. */
  reasons(filter: DeadLetterFilter): Promise<Record<string, number>> {
    return this.#with.store.reasons(filter);
  }

  find(id: number): Promise<DeadLetterWithPayload | undefined> {
    return this.#with.store.find(id);
  }

  /** What was done with a dead letter, oldest first. */
  audit(id: number): Promise<AuditEntry[]> {
    return this.#with.store.audit(id);
  }

  /**
   * Sends dead letters to the event log again, key and value byte for byte. The pipeline knows them by their headers and
   * notes how each ended.
   *
   * Invariant 8: a replay is safe to repeat, rate-limited and loop-guarded: one that failed `replayLimit` times is skipped.
   * @throws ServiceError as `runBulkAction`, and what `EventLog.append` throws
   */
  replay(request: BulkRequest, signal: AbortSignal): Promise<BulkResult> {
    const { store, log, clock, replayLimit } = this.#with;
    const action: BulkAction = {
      verb: 'replayed',
      // An exhausted dead letter reached the limit of its time; under a higher one it may be replayed again.
      eligible: { states: UNRESOLVED_STATES, replayCountBelow: replayLimit },
      perform: (page, tally) => replayPage(page, tally, { store, log, clock, by: request.by }),
    };
    return runBulkAction(store, request, action, signal);
  }

  /** Gives dead letters up; they are kept, and no replay takes them again. @throws ServiceError as `runBulkAction` */
  discard(request: BulkRequest, signal: AbortSignal): Promise<BulkResult> {
    const { store, clock } = this.#with;
    const action: BulkAction = {
      verb: 'discarded',
      eligible: { states: UNRESOLVED_STATES },
      async perform(page, tally) {
        const ids = page.map(({ id }) => id);
        tally.done += (await store.discard(ids, { by: request.by, at: clock() })).length;
      },
    };
    return runBulkAction(store, request, action, signal);
  }
}
