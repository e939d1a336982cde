import type { Logger } from '../../base/logger.ts';
import type { KafkaConsumer, LibrdKafkaError, Message } from 'node-rdkafka';

/** A blocked wait cannot be called off: a stop takes this long at most. */
const WAIT_MS = 100;
const CHUNK = 500;

export interface ConsumeHooks {
  /** no read is under way */
  beforeRead: () => void;
  onMessages: (messages: Message[]) => void;
  /** answers whether to go on; librdkafka itself tries again whatever it was */
  onError: (error: LibrdKafkaError) => boolean;
  logger: Logger;
}

/**
 * Reads what comes: waits for one record, which is handed on at once, then takes what has gathered behind it without
 * waiting, up to a chunk a time. (node-rdkafka's timeout counts for every record of a chunk anew, so a larger chunk
 * with a timeout would sit on records.) The waiting is done on a thread of libuv's pool; rebalances and errors are
 * served by it too, so it goes on as long as the consumer is open.
 */
export class ConsumeLoop {
  readonly #client: KafkaConsumer;
  readonly #hooks: ConsumeHooks;
  #turn: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #ended: Promise<void> | undefined;

  constructor(client: KafkaConsumer, hooks: ConsumeHooks) {
    this.#client = client;
    this.#hooks = hooks;
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Hands nothing on from now; resolves when no call is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  /** Resolves when everything that was fetched by now is handed on. */
  async turn(): Promise<void> {
    await this.#turn;
  }

  async #run(): Promise<void> {
    let gathered = false;
    while (!this.#stopped) {
      this.#hooks.beforeRead();
      const wanted = gathered ? CHUNK : 1;
      const turn = this.#consume(wanted, gathered ? 0 : WAIT_MS);
      this.#turn = turn;
      const count = await turn;
      gathered = gathered ? count === CHUNK : count === 1;
    }
  }

  /** Answers how many records came. */
  async #consume(count: number, timeoutMs: number): Promise<number> {
    return new Promise((resolve) => {
      this.#client.setDefaultConsumeTimeout(timeoutMs);
      this.#client.consume(count, (error: LibrdKafkaError | null, messages: Message[]) => {
        // Before the hooks, so that one that throws leaves nobody waiting.
        resolve(error ? 0 : messages.length);
        if (error) this.#failed(error);
        else if (!this.#stopped && messages.length > 0) this.#hooks.onMessages(messages);
      });
    });
  }

  #failed(error: LibrdKafkaError): void {
    this.#hooks.logger.warn({ error: error.message }, 'Reading from Kafka failed.');
    if (!this.#hooks.onError(error)) this.#stopped = true;
  }
}
