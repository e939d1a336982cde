import type { KafkaConsumer, LibrdKafkaError, Message } from 'node-rdkafka';
import type { Logger } from '../../base/logger.ts';

/** A waiting read cannot be cancelled, so a stop may take this long. */
const WAIT_MS = 100;
const CHUNK = 500;

interface ConsumeHooks {
  /** no read is in flight */
  beforeRead?: () => void;
  onMessages: (messages: Message[]) => void;
  /** returns whether to continue; librdkafka itself retries after any error */
  onError: (error: LibrdKafkaError) => boolean;
  logger: Logger;
}

/**
 * Waits for one message and delivers it at once, then takes what has gathered behind it, chunk by chunk, without
 * waiting. (node-rdkafka's timeout counts for each message of a chunk, so a larger chunk with a timeout would delay
 * messages.) A wait blocks a thread of libuv's pool. Reads also serve rebalances and errors, so the loop runs for as
 * long as the consumer is open.
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
    await this.#ended;
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

  /** @returns how many messages came */
  async #consume(count: number, timeoutMs: number): Promise<number> {
    return new Promise((resolve) => {
      this.#client.setDefaultConsumeTimeout(timeoutMs);
      this.#client.consume(count, (error: LibrdKafkaError | null, messages: Message[]) => {
        // Before the hooks, which may throw.
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
