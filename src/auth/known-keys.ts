import { LRUCache } from 'lru-cache';
import type { MonotonicClock } from '../base/clock.ts';
import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { within } from '../base/within.ts';
import type { ApiKeyReader, StoredApiKey } from '../store/api-key-store.ts';

/** A revoked key is refused at the latest after this time. */
const FRESH_MS = 5_000;

/** How long the last answer of the store is good while the store cannot be read. */
const OUTAGE_MS = 600_000;

/** How long a request waits for the store if its key was valid just before. */
const CONFIRM_WAIT_MS = 1_000;

/** For keys, and separately for ids without a key, so that made-up keys evict no real ones. */
const MAX_KNOWN = 10_000;

/** Look-ups of unknown ids at one time; keys can be made up without end. */
const MAX_UNKNOWN_LOOKUPS = 64;

interface Known {
  key: StoredApiKey;
  /** when the store said so */
  confirmedAt: number;
  /** when the store was asked last, with or without success */
  askedAt: number;
}

export interface KnownKeysDependencies {
  reader: Pick<ApiKeyReader, 'find'>;
  clock: MonotonicClock;
  logger: Logger;
}

/** Keys as the store has them, or had them a few seconds ago; also ids for which there is no key. */
export class KnownKeys {
  readonly #dependencies: KnownKeysDependencies;
  readonly #known = new LRUCache<string, Known>({ max: MAX_KNOWN });
  /** when the store was asked for ids without a key */
  readonly #absent = new LRUCache<string, number>({ max: MAX_KNOWN });
  readonly #lookups = new Map<string, Promise<StoredApiKey | undefined>>();
  /** by id: what the store has been asked and has not answered yet; the requests may have stopped waiting */
  readonly #questions = new Map<string, Promise<StoredApiKey | undefined>>();
  #unknownLookups = 0;

  constructor(dependencies: KnownKeysDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws ServiceError `identity-unavailable`, also as a rejection */
  find(id: string): StoredApiKey | undefined | Promise<StoredApiKey | undefined> {
    const known = this.#known.get(id);
    const askedAt = known?.askedAt ?? this.#absent.get(id) ?? -Infinity;
    if (this.#dependencies.clock() - askedAt < FRESH_MS) return known?.key;
    const running = this.#lookups.get(id);
    if (running !== undefined) return running;
    const lookup = (known === undefined ? this.#lookUpUnknown(id) : this.#confirm(id, known)).finally(() =>
      this.#lookups.delete(id),
    );
    this.#lookups.set(id, lookup);
    return lookup;
  }

  async #lookUpUnknown(id: string): Promise<StoredApiKey | undefined> {
    if (this.#unknownLookups >= MAX_UNKNOWN_LOOKUPS) {
      throw unavailable('Too many API keys are being looked up. Try again in a moment.');
    }
    this.#unknownLookups += 1;
    try {
      return await this.#lookUp(id);
    } catch (cause) {
      throw unavailable('API keys cannot be looked up right now. Try again in a moment.', cause);
    } finally {
      this.#unknownLookups -= 1;
    }
  }

  /**
   * While the store is down or does not answer, a key that was valid just before stays valid, because orders are accepted even then.
   */
  async #confirm(id: string, known: Known): Promise<StoredApiKey | undefined> {
    const { clock, logger } = this.#dependencies;
    const lookup = this.#lookUp(id);
    let cause: unknown = new Error(`The store did not answer within ${CONFIRM_WAIT_MS} ms.`);
    try {
      if (await within(lookup, CONFIRM_WAIT_MS)) return await lookup;
    } catch (error) {
      cause = error;
    }
    if (clock() - known.confirmedAt > OUTAGE_MS) {
      throw unavailable('API keys cannot be looked up right now. Try again in a moment.', cause);
    }
    logger.warn({ err: toError(cause) }, 'An API key cannot be looked up: what the store said last counts.');
    this.#known.set(id, { ...known, askedAt: clock() });
    return known.key;
  }

  /** Asks the store, once at a time for each id. */
  #lookUp(id: string): Promise<StoredApiKey | undefined> {
    const running = this.#questions.get(id);
    if (running !== undefined) return running;
    const question = this.#ask(id).finally(() => this.#questions.delete(id));
    this.#questions.set(id, question);
    return question;
  }

  async #ask(id: string): Promise<StoredApiKey | undefined> {
    const { reader, clock } = this.#dependencies;
    const key = await reader.find(id);
    const now = clock();
    if (key === undefined) {
      this.#known.delete(id);
      this.#absent.set(id, now);
    } else {
      this.#absent.delete(id);
      this.#known.set(id, { key, confirmedAt: now, askedAt: now });
    }
    return key;
  }
}

function unavailable(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('identity-unavailable', detail, { cause });
}
