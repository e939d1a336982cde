import type { Clock } from '../base/clock.ts';
import { toError, type ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { Repeated } from '../base/repeated.ts';
import type { ApiKeyReader } from '../store/api-key-store.ts';
import { unauthenticated } from './bearer.ts';
import type { Principal } from './principal.ts';

/**
 * How often each expiry is compared with the wall clock. A timer for the remaining time would not notice that the clock steps. A
 * check of 20,000 streams takes less than a millisecond.
 */
const EXPIRY_CHECK_MS = 500;

/** `keys revoke` runs in another process, perhaps on another machine, and cannot reach this one, so this one asks the store. */
const REVOCATION_CHECK_MS = 2_000;

export interface CredentialWatchDependencies {
  /** undefined: API keys are off */
  keys: Pick<ApiKeyReader, 'findActive'> | undefined;
  clock: Clock;
  logger: Logger;
}

interface Watch {
  principal: Principal;
  onEnd: (error: ServiceError) => void;
}

/** Ends open streams with their credentials: within a second of their expiry, within five of the revocation of their key. */
export class CredentialWatch {
  readonly #dependencies: CredentialWatchDependencies;
  readonly #watches = new Set<Watch>();
  readonly #expiry: Repeated;
  readonly #revocation: Repeated;

  constructor(dependencies: CredentialWatchDependencies) {
    this.#dependencies = dependencies;
    this.#expiry = new Repeated(() => {
      this.#endExpired();
      return Promise.resolve();
    }, EXPIRY_CHECK_MS);
    this.#revocation = new Repeated(() => this.#endRevoked(), REVOCATION_CHECK_MS);
  }

  start(): void {
    this.#expiry.start();
    if (this.#dependencies.keys !== undefined) this.#revocation.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#expiry.stop(), this.#revocation.stop()]);
    this.#watches.clear();
  }

  /** @param onEnd called once, never before this returns @returns stops watching; harmless afterwards */
  add(principal: Principal, onEnd: (error: ServiceError) => void): () => void {
    const watch = { principal, onEnd };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  #endExpired(): void {
    const now = this.#dependencies.clock();
    for (const watch of this.#watches) {
      const { expiresAt, keyId } = watch.principal;
      if (expiresAt === undefined || now < expiresAt) continue;
      this.#end(watch, `The ${keyId === undefined ? 'token' : 'API key'} has expired: go on with a new one.`);
    }
  }

  async #endRevoked(): Promise<void> {
    const { keys, logger } = this.#dependencies;
    const watches = [...this.#watches].filter(({ principal }) => principal.keyId !== undefined);
    const ids = new Set(watches.map(({ principal: { keyId = '' } }) => keyId));
    if (keys === undefined || ids.size === 0) return;
    try {
      const active = await keys.findActive([...ids]);
      for (const watch of watches) {
        if (!active.has(watch.principal.keyId ?? '')) this.#end(watch, 'The API key was revoked.');
      }
    } catch (error) {
      logger.warn(
        { err: toError(error) },
        'The store cannot be asked whether API keys of open streams were revoked: their streams stay open, and the next check follows in 2 s.',
      );
    }
  }

  #end(watch: Watch, detail: string): void {
    if (!this.#watches.delete(watch)) return;
    try {
      watch.onEnd(unauthenticated(detail));
    } catch (error) {
      // The other streams must end as well.
      this.#dependencies.logger.error({ err: toError(error) }, 'A stream did not end with its credentials.');
    }
  }
}
