import { ServiceError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { MAX_PAGE_BYTES } from '../store/sql/page.ts';
import { FairQueue } from './fair-queue.ts';
import type { ResponseBudget } from './response-budget.ts';

/** Pages that may wait. They hold nothing but their request. */
export const PAGE_LIMITS: PageLimits = { perCaller: 100, total: 2_000 };

/** Pages that are read at the same time: PostgreSQL takes several turns of the event loop for one. */
const MAX_READING = { small: 16, large: 4 };

export interface PageLimits {
  perCaller: number;
  /** of each size */
  total: number;
}

/** Small pages in one turn of the event loop. */
const SMALL_PER_TURN = 4;

/** Small pages that are read, at most, before a large one has its turn. */
const SMALL_IN_A_ROW = 32;

const SMALL_FIRST = ['small', 'large'] as const;
const LARGE_FIRST = ['large', 'small'] as const;

/** `large`: over the size of `OrderReader.listSmall` */
export type PageSize = 'small' | 'large';

export interface PageReader {
  /** the key of the caller (base/caller.ts) */
  caller: string;
  /** whether the caller has disconnected */
  hasLeft(): boolean;
  budget: Pick<ResponseBudget, 'refusal'>;
}

interface Waiting {
  reader: PageReader;
  begin(): void;
  refuse(error: ServiceError): void;
}

/**
 * Lets the pages of lists take turns, because a large one takes milliseconds to read and to encode: a turn of the event loop has one
 * large page or a few small ones. Callers alternate. Small pages go first, but after 32 in a row a large one gets its turn. After a
 * large page the next large one waits as long as that took, so that large pages take at most half of a core.
 */
export class PageTurns {
  readonly #limits: PageLimits;
  readonly #metrics: Pick<Metrics, 'pagesRefused'>;
  readonly #now: () => number;
  readonly #sizes = {
    small: { reading: 0, waiting: new FairQueue<Waiting>() },
    large: { reading: 0, waiting: new FairQueue<Waiting>() },
  };
  /** pages of each caller that wait or are read */
  readonly #callers = new Map<string, number>();
  #smallInARow = 0;
  /** in this turn of the event loop; a large page counts as `SMALL_PER_TURN` */
  #begun = 0;
  #isScheduled = false;
  /** when a large page began in this turn of the event loop */
  #largeBeganAt: number | undefined;
  #isResting = false;

  /** @param now monotonic, milliseconds */
  constructor(
    limits: PageLimits,
    metrics: Pick<Metrics, 'pagesRefused'>,
    now: () => number = () => performance.now(),
  ) {
    this.#limits = limits;
    this.#metrics = metrics;
    this.#now = now;
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
      throw new ServiceError(
        'rate-limited',
        `At most ${perCaller} of your requests for pages may wait at the same time. Wait for their answers.`,
      );
    }
    if (this.#sizes[size].waiting.size >= total) {
      this.#metrics.pagesRefused.inc({ reason: 'total' });
      throw new ServiceError('overloaded', 'Too many pages wait to be read. Try again in a moment.');
    }
  }

  #turn(size: PageSize, reader: PageReader): Promise<void> {
    return new Promise((begin, reject) => {
      this.#sizes[size].waiting.add(reader.caller, { reader, begin, refuse: reject });
      this.#beginSome();
    });
  }

  #beginSome(): void {
    while (this.#begun < SMALL_PER_TURN) {
      const page = this.#next();
      if (page === undefined) return;
      page.begin();
      this.#schedule();
    }
  }

  #next(): Waiting | undefined {
    for (const size of this.#smallInARow < SMALL_IN_A_ROW ? SMALL_FIRST : LARGE_FIRST) {
      const state = this.#sizes[size];
      const isFree = state.reading < MAX_READING[size] && !(size === 'large' && this.#isResting);
      const page = isFree ? this.#takeFrom(size) : undefined;
      if (page === undefined) continue;
      if (size === 'large') this.#largeBeganAt = this.#now();
      state.reading += 1;
      this.#smallInARow = size === 'small' ? this.#smallInARow + 1 : 0;
      this.#begun += size === 'small' ? 1 : SMALL_PER_TURN;
      return page;
    }
    return undefined;
  }

  /** Refuses pages whose reader has left, or whose response would be refused. */
  #takeFrom(size: PageSize): Waiting | undefined {
    const { waiting } = this.#sizes[size];
    for (let page = waiting.take(); page !== undefined; page = waiting.take()) {
      const refusal = refusalOf(size, page.reader);
      if (refusal === undefined) return page;
      page.refuse(refusal);
    }
    return undefined;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#begun = 0;
      this.#restAfterLarge();
      this.#beginSome();
    });
  }

  #restAfterLarge(): void {
    if (this.#largeBeganAt === undefined) return;
    const usedMs = this.#now() - this.#largeBeganAt;
    this.#largeBeganAt = undefined;
    if (usedMs < 1) return;
    this.#isResting = true;
    setTimeout(() => {
      this.#isResting = false;
      this.#beginSome();
    }, usedMs);
  }

  #count(caller: string, change: number): void {
    const pages = (this.#callers.get(caller) ?? 0) + change;
    if (pages === 0) this.#callers.delete(caller);
    else this.#callers.set(caller, pages);
  }
}

function refusalOf(size: PageSize, reader: PageReader): ServiceError | undefined {
  if (reader.hasLeft())
    return new ServiceError('rate-limited', 'You disconnected before your page was read.');
  return size === 'large' ? reader.budget.refusal(reader.caller, MAX_PAGE_BYTES) : undefined;
}
