import { ServiceError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { FairQueue } from './fair-queue.ts';

/** Pages that may wait. They hold nothing but their request. */
export const PAGE_LIMITS: PageLimits = { perCaller: 100, total: 1_000 };

/** Pages of a size that are read at the same time; with PostgreSQL, reading one takes several turns of the event loop. */
const MAX_READING = 4;

export interface PageLimits {
  perCaller: number;
  /** of each size */
  total: number;
}

/** `large`: over the size of `OrderReader.listSmall` */
export type PageSize = 'small' | 'large';

export interface PageReader {
  /** the key of the caller (base/caller.ts) */
  caller: string;
  /** whether nothing reads the page any more */
  hasLeft(): boolean;
}

interface Waiting {
  begin(): void;
  leave(): void;
  hasLeft(): boolean;
}

/**
 * Lets the pages of lists take turns, because a large one takes milliseconds to read and to encode: one page in a turn of the event
 * loop, callers alternate, and so do small and large pages, so that small ones wait for few others.
 */
export class PageTurns {
  readonly #limits: PageLimits;
  readonly #metrics: Pick<Metrics, 'pagesRefused'>;
  readonly #sizes = {
    small: { reading: 0, waiting: new FairQueue<Waiting>() },
    large: { reading: 0, waiting: new FairQueue<Waiting>() },
  };
  /** pages of each caller that wait or are read */
  readonly #callers = new Map<string, number>();
  #next: PageSize = 'small';
  #isScheduled = false;

  constructor(limits: PageLimits, metrics: Pick<Metrics, 'pagesRefused'>) {
    this.#limits = limits;
    this.#metrics = metrics;
  }

  /**
   * Reads a page in its turn.
   * @throws ServiceError `rate-limited` or `overloaded` if too many pages wait, and what `read` throws
   */
  async run<T>(size: PageSize, reader: PageReader, read: () => Promise<T>): Promise<T> {
    this.#refuseTooMany(size, reader.caller);
    this.#count(reader.caller, 1);
    try {
      await this.#turn(size, reader);
      try {
        return await read();
      } finally {
        this.#sizes[size].reading -= 1;
        this.#schedule();
      }
    } finally {
      this.#count(reader.caller, -1);
    }
  }

  #refuseTooMany(size: PageSize, caller: string): void {
    const { perCaller, total } = this.#limits;
    if ((this.#callers.get(caller) ?? 0) >= perCaller) {
      this.#metrics.pagesRefused.inc({ reason: 'caller' });
      throw new ServiceError('rate-limited', `At most ${perCaller} of your pages may wait at the same time.`);
    }
    if (this.#sizes[size].waiting.size >= total) {
      this.#metrics.pagesRefused.inc({ reason: 'total' });
      throw new ServiceError('overloaded', 'Too many pages wait to be read. Try again in a moment.');
    }
  }

  #turn(size: PageSize, { caller, hasLeft }: PageReader): Promise<void> {
    return new Promise((begin, reject) => {
      const leave = () => reject(new ServiceError('rate-limited', 'You left before your page was read.'));
      this.#sizes[size].waiting.add(caller, { begin, leave, hasLeft });
      // Nothing was read in this turn of the event loop yet.
      if (!this.#isScheduled) this.#beginNext();
    });
  }

  /** Begins one page. Further ones follow in the next turns of the event loop. */
  #beginNext(): void {
    const other = this.#next === 'small' ? 'large' : 'small';
    for (const size of [this.#next, other] as const) {
      const state = this.#sizes[size];
      if (state.reading >= MAX_READING) continue;
      const page = this.#takeFrom(state.waiting);
      if (page === undefined) continue;
      state.reading += 1;
      this.#next = size === 'small' ? 'large' : 'small';
      page.begin();
      this.#schedule();
      return;
    }
  }

  #takeFrom(waiting: FairQueue<Waiting>): Waiting | undefined {
    for (let page = waiting.take(); page !== undefined; page = waiting.take()) {
      if (!page.hasLeft()) return page;
      page.leave();
    }
    return undefined;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#beginNext();
    });
  }

  #count(caller: string, change: number): void {
    const pages = (this.#callers.get(caller) ?? 0) + change;
    if (pages === 0) this.#callers.delete(caller);
    else this.#callers.set(caller, pages);
  }
}
