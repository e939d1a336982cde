import type { KafkaConsumer, LibrdKafkaError, Message } from 'node-rdkafka';
import type { Logger } from '../../base/logger.ts';

/** A read in progress cannot be cancelled, so `stop` may take this long. */
const WAIT_MS = 100;
const CHUNK = 500;

interface ConsumeHooks {
  /** called when no read is in flight */
  beforeRead?: () => void;
  onMessages: (messages: Message[]) => void;
  /** @returns whether to continue; librdkafka retries by itself after any error */
  onError: (error: LibrdKafkaError) => boolean;
  logger: Logger;
}

/**
 * Waits for one message and delivers it, then reads the queued messages in chunks without waiting. (node-rdkafka applies its
 * timeout to each message of a chunk, so a chunk with a timeout would delay messages.) A wait blocks a thread of libuv's
 * pool. Reads also trigger the callbacks for rebalances and errors, so the loop runs while the consumer is open.
 */
export class ConsumeLoop {
  readonly #client: KafkaConsumer;
  readonly #hooks: ConsumeHooks;
  #read: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #ended: Promise<void> | undefined;

  constructor(client: KafkaConsumer, hooks: ConsumeHooks) {
    this.#client = client;
    this.#hooks = hooks;
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Delivers nothing after the call; resolves when no read is in flight. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#ended;
  }

  /**
   * Ends a read that waits. librdkafka waits by the wall clock: set back by an hour, a read of 100 ms takes an hour if nothing
   * arrives, and the process could not exit before. A commit of no offsets asks no broker; its result arrives at the consumer.
   */
  #wake(): void {
    if (this.#client.isConnected()) this.#client.commit([]);
  }

  /** Resolves when all messages read so far are delivered. */
  async delivered(): Promise<void> {
    await this.#read;
  }

  async #run(): Promise<void> {
    let wanted = 1;
    while (!this.#stopped) {
      this.#hooks.beforeRead?.();
      const read = this.#consume(wanted, wanted === 1 ? WAIT_MS : 0);
      this.#read = read;
      wanted = (await read) === wanted ? CHUNK : 1;
    }
  }

  /** @returns how many messages were read */
  async #consume(count: number, timeoutMs: number): Promise<number> {
    return new Promise((resolve) => {
      this.#client.setDefaultConsumeTimeout(timeoutMs);
      this.#client.consume(count, (error: LibrdKafkaError | null, messages: Message[]) => {
        // Resolve first: the hooks may throw.
        resolve(error ? 0 : messages.length);
        if (error) this.#onError(error);
        else if (!this.#stopped && messages.length > 0) this.#hooks.onMessages(messages);
      });
    });
  }

  #onError(error: LibrdKafkaError): void {
    this.#hooks.logger.warn({ error: error.message }, 'Reading from Kafka failed.');
    if (!this.#hooks.onError(error)) this.#stopped = true;
  }
}
