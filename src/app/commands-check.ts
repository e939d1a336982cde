import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { endsOf, type EventLog, TOPICS } from '../log/event-log.ts';

const PAUSE_MS = 1_000;

export interface CommandsCheckOptions {
  log: Pick<EventLog, 'ranges'>;
  /** partition → end of the commands whose changes were delivered */
  commandEnds: () => ReadonlyMap<number, number>;
  /** called when `orders.commands` is another topic than before */
  onReplaced: () => Promise<void>;
  logger: Logger;
}

/**
 * Finds out whether `orders.commands` was replaced: it ends before the commands whose changes were delivered, so its changes
 * look like repeated ones.
 */
export class CommandsCheck {
  readonly #options: CommandsCheckOptions;
  #checking: Promise<void> | undefined;
  #nextFrom = 0;

  constructor(options: CommandsCheckOptions) {
    this.#options = options;
  }

  /** Call it when a change arrived again, usually because its batch was repeated. It checks at most once a second. */
  check(): void {
    if (this.#checking !== undefined || performance.now() < this.#nextFrom) return;
    this.#checking = this.#compare().finally(() => {
      this.#checking = undefined;
      this.#nextFrom = performance.now() + PAUSE_MS;
    });
  }

  /** Resolves when no check is in progress. */
  async done(): Promise<void> {
    await this.#checking;
  }

  async #compare(): Promise<void> {
    const { log, commandEnds, onReplaced, logger } = this.#options;
    try {
      // Read before the ends: commands that are delivered meanwhile are not behind the ends that were read earlier.
      const delivered = commandEnds();
      const ends = endsOf(await log.ranges(TOPICS.commands));
      for (const [partition, expected] of delivered) {
        const end = ends[partition] ?? 0;
        if (end >= expected) continue;
        logger.error(
          { topic: TOPICS.commands, partition, end, expected },
          'The commands topic was replaced: changes may be missing. Watchers must read the current state.',
        );
        await onReplaced();
        return;
      }
    } catch (error) {
      logger.debug({ err: toError(error) }, 'Could not compare the ends of orders.commands.');
    }
  }
}
