import { startKafka, type RunningKafka } from '../../tools/kafka/broker-process.ts';
import { pause } from './abort.ts';
import type { Fault } from './fault.ts';

/** A real Kafka that can be killed and restarted with its data at the same address. */
export class Broker {
  readonly #dataDirectory: string;
  #kafka: RunningKafka;

  private constructor(kafka: RunningKafka, dataDirectory: string) {
    this.#kafka = kafka;
    this.#dataDirectory = dataDirectory;
  }

  static async start(dataDirectory: string, signal: AbortSignal): Promise<Broker> {
    return new Broker(await startKafka({ dataDirectory, signal }), dataDirectory);
  }

  get address(): string {
    return this.#kafka.brokers;
  }

  /** SIGKILL; safe to repeat. */
  kill(): Promise<void> {
    return this.#kafka.kill();
  }

  async restart(signal: AbortSignal): Promise<void> {
    this.#kafka = await startKafka({ dataDirectory: this.#dataDirectory, port: this.#kafka.port, signal });
  }
}

export function killBrokerFault(broker: Broker): Fault {
  return {
    kind: 'kill-broker',
    async inject({ durationMs }, signal) {
      await broker.kill();
      await pause(durationMs, signal);
      if (!signal.aborted) await broker.restart(signal);
    },
  };
}
