import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { endsOf, type EventLog, type Follower, type StartOver, TOPICS } from '../log/event-log.ts';
import { retryUntilDone } from '../pipeline/retry.ts';
import { newIdentity, singleLog } from '../status/lineage.ts';
import { hasReached } from '../status/positions.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { LineageStore, StatusLog } from '../store/lineage-store.ts';
import { STATUS_BACKLOG } from './context.ts';

const BACKOFF = { baseMs: 100, factor: 2, capMs: 5_000 };
const COMMANDS_CHECK_MS = 1_000;

export interface StatusFeedOptions {
  log: EventLog;
  hub: StatusHub;
  openLineageStore: () => Promise<LineageStore>;
  logger: Logger;
}

/**
 * Feeds the hub from `orders.status`, which every replica reads completely. The topic has an identity in the store, which
 * resume tokens carry; it is replaced when the offsets of the topic go back, because then it is another topic.
 */
export class StatusFeed {
  readonly #options: StatusFeedOptions;
  readonly #topic: string;
  readonly #stopping = new AbortController();
  #identity = '';
  #follower: Follower | undefined;
  #checking: Promise<void> | undefined;
  #nextCheckFrom = 0;

  constructor(options: StatusFeedOptions) {
    this.#options = options;
    this.#topic = options.log.progressName(TOPICS.status);
  }

  /** @throws ServiceError `log-unavailable`, `store-unavailable` */
  async start(): Promise<void> {
    const { log, hub } = this.#options;
    hub.onRepeated(() => this.#checkCommands());
    this.#follower = await log.follow(TOPICS.status, (records) => hub.publish(records), {
      backlog: STATUS_BACKLOG,
      onStart: (positions) => {
        for (const [partition, offset] of positions) hub.beginAt(partition, offset);
      },
      onStartOver: (positions, why) => this.#startOver(positions, why),
    });
    await this.#findIdentity();
  }

  /** Notes how far the topic got, so that the next start sees if it was replaced meanwhile. */
  async stop(): Promise<void> {
    const { hub, logger } = this.#options;
    this.#stopping.abort();
    await this.#follower?.stop();
    await this.#checking;
    if (this.#follower === undefined) return;
    await this.#noteEnds(hub.positions).catch((error: unknown) =>
      logger.warn({ err: toError(error) }, 'Could not store how far orders.status was read.'),
    );
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

  /** Tokens made before the store has the new identity are good at this replica only, and only for a moment. */
  async #startOver(positions: ReadonlyMap<number, number>, why: StartOver): Promise<void> {
    const { hub, logger } = this.#options;
    if (why === 'records-deleted') {
      hub.startOver(positions);
      return;
    }
    const next = { identity: newIdentity(), ends: [] };
    hub.setLineage(singleLog(next.identity));
    hub.startOver(positions);
    await retryUntilDone(() => this.#replaceIdentity(next), {
      backoffFor: () => BACKOFF,
      signal: this.#stopping.signal,
      isRetryable: () => true,
      onRetry: (error) =>
        logger.warn({ err: error }, 'Could not store the identity of the new topic; retrying.'),
    }).catch(() => undefined); // stopped
    hub.setLineage(singleLog(this.#identity));
  }

  /** Another replica may have been faster: all use the identity that is stored. */
  async #replaceIdentity(next: StatusLog): Promise<void> {
    const stored = await this.#withStore((store) =>
      store.replaceStatusLog(this.#topic, this.#identity, next),
    );
    this.#identity = stored.identity;
  }

  /**
   * A change arrived again: usually because its batch was. If `orders.commands` ends before the commands whose changes were
   * delivered, it is another topic, and its changes look like repeated ones.
   */
  #checkCommands(): void {
    if (this.#checking !== undefined || performance.now() < this.#nextCheckFrom) return;
    this.#checking = this.#compareCommands().finally(() => {
      this.#checking = undefined;
      this.#nextCheckFrom = performance.now() + COMMANDS_CHECK_MS;
    });
  }

  async #compareCommands(): Promise<void> {
    const { log, hub, logger } = this.#options;
    try {
      // Read before the ends: commands that are delivered meanwhile are not behind the ends that were read earlier.
      const delivered = hub.commandEnds();
      const ends = endsOf(await log.ranges(TOPICS.commands));
      for (const [partition, expected] of delivered) {
        const end = ends[partition] ?? 0;
        if (end >= expected) continue;
        logger.error(
          { topic: TOPICS.commands, partition, end, expected },
          'The commands topic was replaced: changes may be missing. Watchers must read the current state.',
        );
        hub.startOver(new Map(hub.positions.entries()));
        return;
      }
    } catch (error) {
      logger.debug({ err: toError(error) }, 'Could not compare the ends of orders.commands.');
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
