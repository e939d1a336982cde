import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { Repeated } from '../base/repeated.ts';
import { endsOf, type EventLog, type Follower, type StartOver, TOPICS } from '../log/event-log.ts';
import { within } from '../base/within.ts';
import { retryUntilDone } from '../pipeline/retry.ts';
import { newIdentity, singleLog } from '../status/lineage.ts';
import { hasReached } from '../status/positions.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { LineageStore, StatusLog } from '../store/lineage-store.ts';
import { CommandsCheck } from './commands-check.ts';
import { STATUS_BACKLOG } from './context.ts';

const BACKOFF = { baseMs: 100, factor: 2, capMs: 5_000 };
/** A stop does not wait longer for the store: the note helps the next start, but nothing depends on it. */
const NOTE_ENDS_MS = 2_000;
/** Longer than it takes the followers of all replicas to notice a new topic themselves. */
const IDENTITY_CHECK_MS = 5_000;

export interface StatusFeedOptions {
  log: EventLog;
  hub: StatusHub;
  reader: Pick<OrderReader, 'statusIdentity'>;
  openLineageStore: () => Promise<LineageStore>;
  logger: Logger;
  identityCheckMs?: number;
}

/**
 * Feeds the hub from `orders.status`, which every replica reads completely. The topic has an identity in the store, which
 * resume tokens carry; it is replaced when changes of another history follow: the offsets of the topic go back, or the
 * commands were replaced. A replica whose
 * own offsets do not go back, because the new topic has grown past them, finds the new identity in the store.
 */
export class StatusFeed {
  readonly #options: StatusFeedOptions;
  readonly #topic: string;
  readonly #stopping = new AbortController();
  readonly #identityChecks: Repeated;
  readonly #commandsCheck: CommandsCheck;
  #identity = '';
  /** what the latest check found in the store instead of `#identity` */
  #foreignIdentity: string | undefined;
  #isStartingOver = false;
  #follower: Follower | undefined;

  constructor(options: StatusFeedOptions) {
    this.#options = options;
    this.#topic = options.log.progressName(TOPICS.status);
    const { identityCheckMs = IDENTITY_CHECK_MS } = options;
    const { log, hub, logger } = options;
    this.#commandsCheck = new CommandsCheck({
      log,
      commandEnds: () => hub.commandEnds(),
      // Not only a start over: changes below the present positions were taken for repeated ones.
      onReplaced: () => this.#beginHistory(new Map(hub.positions.entries())),
      logger,
    });
    this.#identityChecks = new Repeated(() => this.#checkIdentity(), identityCheckMs);
  }

  /** @throws ServiceError `log-unavailable`, `store-unavailable` */
  async start(): Promise<void> {
    const { log, hub } = this.#options;
    hub.onRepeated(() => this.#commandsCheck.check());
    this.#follower = await log.follow(TOPICS.status, (records) => hub.publish(records), {
      backlog: STATUS_BACKLOG,
      onStart: (positions) => {
        for (const [partition, offset] of positions) hub.beginAt(partition, offset);
      },
      onStartOver: (positions, why) => this.#startOver(positions, why),
    });
    await this.#findIdentity();
    this.#identityChecks.start();
  }

  /** Notes how far the topic got, so that the next start sees if it was replaced meanwhile. */
  async stop(): Promise<void> {
    const { hub, logger } = this.#options;
    this.#stopping.abort();
    await this.#identityChecks.stop();
    await this.#follower?.stop();
    await this.#commandsCheck.done();
    if (this.#follower === undefined) return;
    const problem = await within(this.#noteEnds(hub.positions), NOTE_ENDS_MS).then(
      (inTime) => (inTime ? undefined : 'the store did not answer in time'),
      (error: unknown) => toError(error).message,
    );
    if (problem !== undefined) logger.warn({ problem }, 'Could not store how far orders.status was read.');
  }

  async #findIdentity(): Promise<void> {
    const { log, hub, logger } = this.#options;
    const identity = newIdentity();
    // Read before the ends of the topic: other replicas may store later ends meanwhile.
    const known = await this.#withStore((store) => store.statusLog(this.#topic, { identity, ends: [] }));
    this.#identity = known.identity;
    const ends = endsOf(await log.ranges(TOPICS.status));
    if (hasReached(ends, known.ends)) {
      await this.#noteEnds(ends);
    } else {
      logger.error(
        { topic: this.#topic, ends, expected: known.ends },
        'The topic ends before what was read from it: it was deleted and created again. Older resume tokens are refused.',
      );
      await this.#replaceIdentity({ identity, ends });
    }
    hub.setLineage(singleLog(this.#identity));
  }

  #noteEnds(ends: readonly number[]): Promise<void> {
    const log = { identity: this.#identity, ends };
    return this.#withStore((store) => store.noteStatusEnds(this.#topic, log));
  }

  async #startOver(positions: ReadonlyMap<number, number>, why: StartOver): Promise<void> {
    // The offsets of the lost records are below the positions, so tokens of other replicas that have read them stay good.
    if (why === 'records-deleted') this.#options.hub.startOver(positions);
    else await this.#beginHistory(positions);
  }

  /**
   * Starts over with a new identity, so that all tokens from before are refused. Tokens made before the store has the new
   * identity are good at this replica only, and only for a moment.
   */
  async #beginHistory(positions: ReadonlyMap<number, number>): Promise<void> {
    const { hub, logger } = this.#options;
    this.#isStartingOver = true;
    const next = { identity: newIdentity(), ends: [] };
    hub.setLineage(singleLog(next.identity));
    hub.startOver(positions);
    await retryUntilDone(() => this.#replaceIdentity(next), {
      backoffFor: () => BACKOFF,
      signal: this.#stopping.signal,
      isRetryable: () => true,
      onRetry: (error) =>
        logger.warn({ err: error }, 'Could not store the new identity of orders.status; retrying.'),
    }).catch(() => undefined); // stopped
    hub.setLineage(singleLog(this.#identity));
    this.#isStartingOver = false;
  }

  /** Another replica may have been faster: all use the identity that is stored. */
  async #replaceIdentity(next: StatusLog): Promise<void> {
    const stored = await this.#withStore((store) =>
      store.replaceStatusLog(this.#topic, this.#identity, next),
    );
    this.#identity = stored.identity;
  }

  /**
   * Starts over if another replica has stored a new identity. Only after two checks: the follower of this replica usually
   * notices the new topic, too, and knows where it begins.
   */
  async #checkIdentity(): Promise<void> {
    const { reader, hub, logger } = this.#options;
    try {
      const stored = await reader.statusIdentity(this.#topic);
      const isForeign = stored !== undefined && stored !== this.#identity && !this.#isStartingOver;
      const isSecondCheck = isForeign && stored === this.#foreignIdentity;
      this.#foreignIdentity = isForeign ? stored : undefined;
      if (!isSecondCheck) return;
      logger.error(
        { topic: this.#topic },
        'The topic was replaced, as another replica noticed: changes may be missing. Watchers must read the current state.',
      );
      this.#identity = stored;
      hub.setLineage(singleLog(stored));
      hub.startOver(new Map(hub.positions.entries()));
    } catch (error) {
      logger.debug(
        { err: toError(error) },
        'Could not read the identity of orders.status; reading it again.',
      );
    }
  }

  async #withStore<T>(work: (store: LineageStore) => Promise<T>): Promise<T> {
    const store = await this.#options.openLineageStore();
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }
}
