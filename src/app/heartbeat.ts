import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { Repeated } from '../base/repeated.ts';
import { within } from '../base/within.ts';
import type { Replica, ReplicaStore } from '../store/replica-store.ts';

export interface HeartbeatOptions {
  store: Pick<ReplicaStore, 'noteReplica' | 'removeReplica'>;
  replica: Pick<Replica, 'id' | 'role' | 'version'>;
  /** the partitions that this process processes now */
  partitions: () => readonly number[];
  logger: Logger;
  clock: Clock;
  /** shorter in tests */
  intervalMs?: number;
}

const INTERVAL_MS = 5_000;

/** Rows of processes that ended without deleting them are deleted after this time. */
const FORGET_AFTER_MS = 600_000;

/** How long a stopping process waits for the store. Otherwise its row is left out of lists after `REPLICA_TIMEOUT_MS`. */
const STOP_MS = 1_500;

/**
 * Says in the store, every few seconds, that this process runs. It only informs operators, so a store that fails or hangs costs
 * nothing but a warning.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #startedAt: number;
  readonly #repeated: Repeated;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#startedAt = options.clock();
    this.#repeated = new Repeated(() => this.#beat(), options.intervalMs ?? INTERVAL_MS);
  }

  /** The first heartbeat follows soon; this does not wait for it. */
  start(): void {
    this.#repeated.soon();
  }

  /** Deletes the row. */
  async stop(): Promise<void> {
    const { store, replica, logger } = this.#options;
    const removed = this.#repeated.stop().then(() => store.removeReplica(replica.id));
    removed.catch((error: unknown) =>
      logger.debug({ err: error }, 'the row of this process stays in the list of replicas'),
    );
    await within(
      removed.catch(() => undefined),
      STOP_MS,
    );
  }

  async #beat(): Promise<void> {
    const { store, replica, partitions, clock, logger } = this.#options;
    const now = clock();
    const process = { ...replica, ...thisProcess(), startedAt: this.#startedAt, seenAt: now };
    try {
      await store.noteReplica({ ...process, partitions: [...partitions()] }, now - FORGET_AFTER_MS);
    } catch (error) {
      logger.warn(
        { err: error },
        'This process cannot say in the store that it runs: the list of replicas leaves it out.',
      );
    }
  }
}

function thisProcess(): Pick<Replica, 'node' | 'host' | 'pid'> {
  return { node: process.versions.node, host: hostname(), pid: process.pid };
}
