import type { KafkaConsumer } from 'node-rdkafka';
import { ERROR_TEXT } from './errors.ts';
import { reachBroker } from './reach-broker.ts';

/**
 * Guards calls of a consumer that wait for a broker. If the clock is set back while no broker can be reached, such a call sleeps for
 * as long as the clock was set back, and the client cannot be closed before it ends.
 */
export class LostBrokers {
  readonly #brokers: string;
  #areLost = false;

  /** @param brokers comma-separated `host:port` */
  constructor(client: Pick<KafkaConsumer, 'on'>, brokers: string) {
    this.#brokers = brokers;
    client.on('event.error', ({ message }) => {
      if (message === ERROR_TEXT.allBrokersDown) this.#areLost = true;
    });
  }

  /** @throws Error, without making the call, while no broker accepts a connection · what the call throws */
  async guard<T>(call: () => Promise<T>): Promise<T> {
    if (this.#areLost) await reachBroker(this.#brokers);
    const result = await call();
    this.#areLost = false;
    return result;
  }
}
