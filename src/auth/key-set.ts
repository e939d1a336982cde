import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { MonotonicClock } from '../base/clock.ts';
import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { Repeated } from '../base/repeated.ts';
import { within } from '../base/within.ts';
import { unauthenticated } from './bearer.ts';
import type { ReadKeys } from './key-location.ts';

/** How often to check whether a read is due. */
const CHECK_MS = 1_000;

/** How long a slow issuer may delay the start of the service. */
const START_PATIENCE_MS = 2_000;

/** The pause before the next read while the keys are unknown, and after a failure. */
const RETRY_MS = 5_000;

/** Unknown key ids cause at most one read in this time, however many tokens have one. */
const UNKNOWN_KEY_PAUSE_MS = 30_000;

export interface KeySetDependencies {
  read: ReadKeys;
  /** how old the keys may be before they are read again in the background */
  refreshMs: number;
  clock: MonotonicClock;
  metrics: Pick<Metrics, 'identityKeyReads'>;
  logger: Logger;
}

/**
 * The public keys of an issuer. They are read in the background, long before they are needed. While they cannot be read, those
 * already known stay valid without a limit: an issuer that is down locks no one out.
 */
export class KeySet {
  readonly #dependencies: KeySetDependencies;
  readonly #background: Repeated;
  readonly #stopping = new AbortController();
  #keys: JWTVerifyGetKey | undefined;
  /** the document that the keys were imported from */
  #text = '';
  #revision = 0;
  #reading: Promise<void> | undefined;
  #readAt = -Infinity;
  #hasFailed = false;
  #unknownKeyAt = -Infinity;

  constructor(dependencies: KeySetDependencies) {
    this.#dependencies = dependencies;
    this.#background = new Repeated(() => this.#readIfDue(), CHECK_MS);
  }

  /** Reads the keys. Resolves also if that fails or takes long: the service starts without them and goes on trying. */
  async start(): Promise<void> {
    await within(this.#read(), START_PATIENCE_MS);
    this.#background.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#background.stop();
    await this.#reading;
  }

  /** Changes with the keys: tokens that were verified before may be signed with a key that the issuer has withdrawn since. */
  get revision(): number {
    return this.#revision;
  }

  /**
   * The key that a token says it is signed with (`kid`). Other headers that name keys (`jwk`, `jku`, `x5u`) are ignored.
   * @throws ServiceError `unauthenticated`, `identity-unavailable`
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#keys === undefined) await this.#reading;
    const keys = this.#keys;
    if (keys === undefined) throw unavailable();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.#readForUnknownKey();
    try {
      return await (this.#keys ?? keys)(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // While the issuer cannot be asked, we cannot tell whether the key is new.
      throw this.#hasFailed
        ? unavailable()
        : unauthenticated('The token is signed with an unknown key (kid).');
    }
  };

  async #readIfDue(): Promise<void> {
    const { refreshMs, clock } = this.#dependencies;
    const age = clock() - this.#readAt;
    const isDue = age >= (this.#hasFailed ? Math.min(RETRY_MS, refreshMs) : refreshMs);
    if (isDue) await this.#read();
  }

  async #readForUnknownKey(): Promise<void> {
    const now = this.#dependencies.clock();
    if (this.#reading === undefined && now - this.#unknownKeyAt < UNKNOWN_KEY_PAUSE_MS) return;
    if (this.#reading === undefined) this.#unknownKeyAt = now;
    await this.#read();
  }

  /** One read at a time: callers that come meanwhile wait for it. Does not reject. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    const { read, clock, metrics, logger } = this.#dependencies;
    try {
      this.#stopping.signal.throwIfAborted();
      this.#use(await read(this.#stopping.signal));
      metrics.identityKeyReads.inc({ outcome: 'succeeded' });
      if (this.#hasFailed) logger.info('The keys of the token issuer can be read again.');
      this.#hasFailed = false;
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      metrics.identityKeyReads.inc({ outcome: 'failed' });
      if (!this.#hasFailed) this.#warn(toError(thrown));
      this.#hasFailed = true;
    } finally {
      this.#readAt = clock();
    }
  }

  #use(document: unknown): void {
    const text = JSON.stringify(document);
    if (text === this.#text) return;
    if (!isKeySet(document)) throw new Error('The issuer published no keys: a JWKS has a list "keys".');
    this.#keys = createLocalJWKSet(document);
    this.#text = text;
    this.#revision += 1;
  }

  /** Logs the first failure, not each attempt. */
  #warn(error: Error): void {
    const consequence =
      this.#keys === undefined
        ? 'Requests with a token get 503 until they can be read.'
        : 'Those already known stay valid; tokens signed with new ones get 503.';
    this.#dependencies.logger.warn(
      { err: error },
      `The keys of the token issuer cannot be read. ${consequence}`,
    );
  }
}

function isKeySet(document: unknown): document is JSONWebKeySet {
  const { keys } = (document ?? {}) as { keys?: unknown };
  return Array.isArray(keys) && keys.length > 0;
}

function unavailable(): ServiceError {
  return new ServiceError(
    'identity-unavailable',
    'The keys of the token issuer cannot be read right now. Try again in a moment.',
  );
}
