import { Redis } from 'ioredis';
import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** What a request waits for its count at most, milliseconds; then it passes uncounted. */
const COUNT_TIMEOUT_MS = 250;

/** A Redis that says nothing for so long is taken for gone, milliseconds: from then on no request waits for it. */
const SILENCE_TIMEOUT_MS = 1_000;

const CONNECT_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

/**
 * The connection to the Redis in which replicas count requests together. It is no dependency of the service: it may be
 * away at the start and later, and is connected again when it is back; both are said in the log.
 */
export class RateLimitRedis {
  readonly client: Redis;
  readonly #logger: Logger;
  #isAway = false;

  constructor(url: string, logger: Logger) {
    this.#logger = logger;
    this.client = new Redis(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: COUNT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      // Nothing is kept for later: a count that comes late is of no use.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: (times) => Math.min(times * 100, MAX_RECONNECT_DELAY_MS),
    });
    this.client.on('error', (error) => this.#sayAway(error));
    this.client.on('ready', () => this.#sayBack());
  }

  /** Resolves when the first attempt to connect is over, whatever became of it. */
  async start(): Promise<void> {
    await this.client.connect().catch((error: unknown) => this.#sayAway(toError(error)));
  }

  stop(): Promise<void> {
    this.client.disconnect();
    return Promise.resolve();
  }

  /** Once, however often the connection is tried again. */
  #sayAway({ message }: Error): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#logger.warn(
      { error: message },
      'The Redis of the rate limit cannot be reached: requests pass uncounted.',
    );
  }

  #sayBack(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#logger.info('The Redis of the rate limit is back: requests are counted.');
  }
}
