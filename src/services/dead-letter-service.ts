import type { Clock } from '../base/clock.ts';
import type { EventLog } from '../log/event-log.ts';
import type {
  AuditEntry,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterStore,
  DeadLetterWithCause,
} from '../store/dead-letter-store.ts';
import type { OrderReader } from '../store/order-store.ts';
import { UNRESOLVED_STATES } from '../store/dead-letter.ts';
import { runBulkAction, type BulkAction, type BulkRequest, type BulkResult } from './bulk-action.ts';
import type { PageReader, PageTurns } from './page-turns.ts';
import { replayPage } from './replay-dead-letters.ts';

export interface DeadLetterServiceDependencies {
  store: DeadLetterStore;
  log: EventLog;
  reader: Pick<OrderReader, 'placingPartition'>;
  /** dead letters whose replays failed this many times are skipped */
  replayLimit: number;
  pageTurns: PageTurns;
  clock: Clock;
}

/** Lists, replays and discards dead letters for operators. */
export class DeadLetterService {
  readonly #dependencies: DeadLetterServiceDependencies;

  constructor(dependencies: DeadLetterServiceDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Newest failure first. Readers of pages take turns.
   * @throws ServiceError `cursor-invalid`, or what `PageTurns.run` throws
   */
  list(query: DeadLetterQuery, pageReader: PageReader): Promise<DeadLetterPage> {
    const { store, pageTurns } = this.#dependencies;
    return pageTurns.run('large', pageReader, () => store.list(query));
  }

  /** Counts the matches by reason. */
  reasons(filter: DeadLetterFilter): Promise<Record<string, number>> {
    return this.#dependencies.store.reasons(filter);
  }

  find(id: number): Promise<DeadLetterWithCause | undefined> {
    return this.#dependencies.store.find(id);
  }

  /** Past actions on a dead letter, oldest first. */
  audit(id: number): Promise<AuditEntry[]> {
    return this.#dependencies.store.audit(id);
  }

  /**
   * Appends dead letters to the event log again, key and value byte for byte. Headers tell the pipeline which dead letter a
   * record replays; it then stores the outcome.
   *
   * Invariant 8: a replay is safe to repeat, limited in rate, and cannot loop: dead letters that failed `replayLimit`
   * times are skipped.
   * @throws ServiceError as `runBulkAction`, and what `EventLog.append` throws
   */
  replay(request: BulkRequest, signal: AbortSignal): Promise<BulkResult> {
    const { replayLimit } = this.#dependencies;
    const dependencies = { ...this.#dependencies, by: request.by, blockedOrders: new Set<string>() };
    const action: BulkAction = {
      verb: 'replayed',
      // An exhausted dead letter may be replayed again if the limit has been raised since.
      eligible: { states: UNRESOLVED_STATES, replayCountBelow: replayLimit },
      perform: (page, tally) => replayPage(page, tally, dependencies),
    };
    return runBulkAction(dependencies.store, request, action, signal);
  }

  /**
   * Closes dead letters: they stay in the store but can no longer be replayed. A replay that is in the log already still takes
   * effect, and the pipeline records it: it cannot be undone, and only the pipeline knows whether it changed the order.
   * @throws ServiceError as `runBulkAction`
   */
  discard(request: BulkRequest, signal: AbortSignal): Promise<BulkResult> {
    const { store, clock } = this.#dependencies;
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
