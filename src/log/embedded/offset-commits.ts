import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '../../base/logger.ts';
import type { ThreadLink } from './thread-link.ts';

/** Writes the latest offsets noted, one call at a time: what is noted meanwhile goes with the next. */
export class OffsetCommits {
  readonly #link: ThreadLink;
  readonly #topic: string;
  readonly #logger: Logger;
  #noted = new Map<number, number>();
  #writing: Promise<void> | undefined;

  constructor(link: ThreadLink, topic: string, logger: Logger) {
    this.#link = link;
    this.#topic = topic;
    this.#logger = logger;
  }

  note(nextOffsets: ReadonlyMap<number, number>): void {
    this.#noted = new Map([...this.#noted, ...nextOffsets]);
    this.#writing ??= this.#write();
  }

  /** Resolves when everything noted is written, or was tried once more in vain and logged. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#noted.size > 0) await this.#write();
  }

  async #write(): Promise<void> {
    await nextTurn();
    while (this.#noted.size > 0) {
      const nextOffsets = this.#noted;
      this.#noted = new Map();
      try {
        await this.#link.call('commit', { topic: this.#topic, nextOffsets });
      } catch (error) {
        this.#noted = new Map([...nextOffsets, ...this.#noted]);
        this.#logger.warn(
          { err: error, topic: this.#topic },
          'Offsets were not committed: the next commit tries again, a restart reads their records again',
        );
        break;
      }
    }
    this.#writing = undefined;
  }
}
