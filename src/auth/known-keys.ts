import { LRUCache } from 'lru-cache';
import type { MonotonicClock } from '../base/clock.ts';
import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { ApiKeyReader, StoredApiKey } from '../store/api-key-store.ts';

/** A revoked key is refused at the latest after this time. */
const FRESH_MS = 5_000;

/** How long the last answer of the store counts while the store cannot be read. */
const OUTAGE_MS = 600_000;

const MAX_KNOWN_KEYS = 10_000;

/** Look-ups of different keys at one time; keys that do not exist can be made up without end. */
const MAX_LOOKUPS = 64;

interface Known {
  /** undefined: there is no such key */
  key: StoredApiKey | undefined;
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

/** Keys as the store has them, or had them a few seconds ago; also the ids for which there is no key. */
export class KnownKeys {
  readonly #dependencies: KnownKeysDependencies;
  readonly #known = new LRUCache<string, Known>({ max: MAX_KNOWN_KEYS });
  readonly #lookups = new Map<string, Promise<StoredApiKey | undefined>>();

  constructor(dependencies: KnownKeysDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws ServiceError `identity-unavailable`, also as a rejection */
  find(id: string): StoredApiKey | undefined | Promise<StoredApiKey | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined && this.#dependencies.clock() - known.askedAt < FRESH_MS) return known.key;
    const running = this.#lookups.get(id);
    if (running !== undefined) return running;
    if (this.#lookups.size >= MAX_LOOKUPS) {
      throw new ServiceError(
        'identity-unavailable',
        'Too many API keys are being looked up. Try again in a moment.',
      );
    }
    const lookup = this.#lookUp(id, known).finally(() => this.#lookups.delete(id));
    this.#lookups.set(id, lookup);
    return lookup;
  }

  async #lookUp(id: string, known: Known | undefined): Promise<StoredApiKey | undefined> {
    const { reader, clock, logger } = this.#dependencies;
    try {
      const key = await reader.find(id);
      this.#known.set(id, { key, confirmedAt: clock(), askedAt: clock() });
      return key;
    } catch (error) {
      logger.warn({ err: toError(error) }, 'An API key cannot be looked up.');
      // Orders are accepted while the store is down. A key that was valid just before stays so.
      if (known?.key === undefined || clock() - known.confirmedAt > OUTAGE_MS) {
        throw new ServiceError(
          'identity-unavailable',
          'API keys cannot be looked up right now. Try again in a moment.',
          { cause: error },
        );
      }
      this.#known.set(id, { ...known, askedAt: clock() });
      return known.key;
    }
  }
}
