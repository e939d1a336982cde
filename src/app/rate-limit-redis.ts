import { Redis } from 'ioredis';
import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** How long a request waits for its count, milliseconds; after that it passes without one. */
const COUNT_TIMEOUT_MS = 250;

/** Without a response for this long, milliseconds, Redis counts as unreachable, and requests no longer wait for it. */
const SILENCE_TIMEOUT_MS = 1_000;

const CONNECT_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

/**
 * The connection to the Redis in which replicas share their rate limit counters. The service runs without it: while Redis
 * is unreachable, requests are not limited. The client reconnects by itself. Both changes are logged.
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
  #warnOnce(err: Error): void {
    if (this.#isUnreachable) return;
    this.#isUnreachable = true;
    this.#logger.warn({ err }, 'the rate limit Redis is unreachable: requests are not limited');
  }

  #logRecovery(): void {
    if (!this.#isUnreachable) return;
    this.#isUnreachable = false;
    this.#logger.info('the rate limit Redis is reachable again: requests are limited');
  }
}
