import { Redis } from 'ioredis';
import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** How long a request waits for its count, milliseconds; after that it passes uncounted. */
const COUNT_TIMEOUT_MS = 250;

/** After this silence, milliseconds, Redis counts as unreachable and no request waits for it. */
const SILENCE_TIMEOUT_MS = 1_000;

const CONNECT_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

/**
 * The connection to the Redis in which replicas share their rate limit counters. The service does not depend on it: it
 * may be unreachable at any time and reconnects by itself; both are logged.
 */
export class RateLimitRedis {
  readonly client: Redis;
  readonly #logger: Logger;
  #isUnreachable = false;

  constructor(url: string, logger: Logger) {
    this.#logger = logger;
    this.client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COUNT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      // A late count is useless, so nothing is queued.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (times) => Math.min(times * 100, MAX_RECONNECT_DELAY_MS),
    });
    this.client.on('error', (error) => this.#warnOnce(error));
    this.client.on('ready', () => this.#logRecovery());
  }

  /** Resolves when the first attempt to connect succeeded or failed. */
  async start(): Promise<void> {
    await this.client.connect().catch((error: unknown) => this.#warnOnce(toError(error)));
  }

  stop(): Promise<void> {
    this.client.disconnect();
    return Promise.resolve();
  }

  /** Logs the first failure, not each reconnect attempt. */
  #warnOnce({ message }: Error): void {
    if (this.#isUnreachable) return;
    this.#isUnreachable = true;
    this.#logger.warn(
      { error: message },
      'The Redis of the rate limit is unreachable: requests are not limited.',
    );
  }

  #logRecovery(): void {
    if (!this.#isUnreachable) return;
    this.#isUnreachable = false;
    this.#logger.info('The Redis of the rate limit is reachable again: requests are limited.');
  }
}
