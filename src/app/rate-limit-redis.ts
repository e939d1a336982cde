import { Redis } from 'ioredis';
import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RateCount, RateLimit, RateLimitStore } from '../services/rate-limiter.ts';

/** How long a request waits for its count, milliseconds; after that this replica counts it. */
const COUNT_TIMEOUT_MS = 250;

/** Without a response for this long, milliseconds, Redis counts as unreachable, and requests no longer wait for it. */
const SILENCE_TIMEOUT_MS = 1_000;

const CONNECT_TIMEOUT_MS = 1_000;
const MAX_RECONNECT_DELAY_MS = 2_000;

const KEY_PREFIX = 'order-system:rate-limit:';

/** The same rules as `MemoryRateLimitStore`. Redis measures windows by the clock of its own machine. */
const ADD = `
local cost, ceiling, max, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local count = tonumber(redis.call('GET', KEYS[1]) or '0')
local left = redis.call('PTTL', KEYS[1])
if left < 0 then left = window end
if count >= ceiling then return {count, left, 1} end
local function windows(n) return math.max(1, math.ceil(n / max)) end
left = left + window * (windows(count + cost) - windows(count))
redis.call('SET', KEYS[1], count + cost, 'PX', left)
return {count + cost, left, 0}
`;

export interface RateLimitRedisDependencies {
  url: string;
  limit: RateLimit;
  /** counts while Redis is unreachable */
  local: RateLimitStore;
  logger: Logger;
}

/**
 * The Redis in which replicas share their rate limit counters. The service runs without it: while Redis is unreachable,
 * each replica counts for itself. The client reconnects by itself. Both changes are logged.
 */
export class RateLimitRedis implements RateLimitStore {
  readonly #client: Redis;
  readonly #limit: RateLimit;
  readonly #local: RateLimitStore;
  readonly #logger: Logger;
  #isUnreachable = false;

  constructor({ url, limit, local, logger }: RateLimitRedisDependencies) {
    this.#limit = limit;
    this.#local = local;
    this.#logger = logger;
    this.#client = new Redis(url, {
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
    this.#client.on('error', (error) => this.#warnOnce(error));
    this.#client.on('ready', () => this.#logRecovery());
  }

  /** Resolves when the first attempt to connect succeeded or failed. */
  async start(): Promise<void> {
    await this.#client.connect().catch((error: unknown) => this.#warnOnce(toError(error)));
  }

  stop(): Promise<void> {
    this.#client.disconnect();
    return Promise.resolve();
  }

  async add(caller: string, cost: number, ceiling: number): Promise<RateCount> {
    const { max, windowMs } = this.#limit;
    const key = `${KEY_PREFIX}${caller}`;
    try {
      const reply = await this.#client.eval(ADD, 1, key, cost, ceiling, max, windowMs);
      const [count, endsInMs, isRefused] = reply as [number, number, number];
      return { count, endsInMs, isRefused: isRefused === 1 };
    } catch (error) {
      this.#logger.warn({ err: toError(error) }, 'Redis did not count a request: this replica counts it');
      return this.#local.add(caller, cost, ceiling);
    }
  }

  /** Logs the first failure, not each reconnect attempt. */
  #warnOnce(err: Error): void {
    if (this.#isUnreachable) return;
    this.#isUnreachable = true;
    this.#logger.warn({ err }, 'the rate limit Redis is unreachable: each replica counts for itself');
  }

  #logRecovery(): void {
    if (!this.#isUnreachable) return;
    this.#isUnreachable = false;
    this.#logger.info('the rate limit Redis is reachable again: replicas count together');
  }
}
