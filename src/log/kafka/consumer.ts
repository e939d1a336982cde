import type { ConsumerHandlers, LogConsumer } from '../event-log.ts';
import type { KafkaOptions } from './client-settings.ts';
import { ClockWatch } from './clock-watch.ts';
import { GroupMember } from './group-member.ts';
import { openAgain } from './open-again.ts';

/**
 * Consumes one topic as a member of the group. When the wall clock was set back, a new member replaces the old one: threads of
 * its client may sleep for as long as the clock was set back, without heartbeats, or without connecting to a broker again.
 */
export class KafkaConsumer implements LogConsumer {
  readonly #options: KafkaOptions;
  readonly #createMember: () => GroupMember;
  readonly #clock: ClockWatch;
  readonly #stopping = new AbortController();
  #member: GroupMember;
  #replacing: Promise<void> = Promise.resolve();

  /** @param topic with its prefix @throws ServiceError `settings-invalid` */
  constructor(options: KafkaOptions, topic: string, handlers: ConsumerHandlers, clock = new ClockWatch()) {
    this.#options = options;
    this.#createMember = () => new GroupMember(options, topic, handlers);
    this.#clock = clock;
    this.#member = this.#createMember();
  }

  /** @throws ServiceError `log-unavailable` */
  async start(): Promise<void> {
    await this.#member.start();
    if (!this.#stopping.signal.aborted) this.#clock.start(() => this.#replaceMember());
  }

  async stop(): Promise<void> {
    this.#clock.stop();
    this.#stopping.abort();
    await Promise.all([this.#member.stop(), this.#replacing]);
  }

  pause(partitions: number[]): void {
    this.#member.pause(partitions);
  }

  resume(partitions: number[]): void {
    this.#member.resume(partitions);
  }

  commit(nextOffsets: Map<number, number>): void {
    this.#member.commit(nextOffsets);
  }

  lag(): Map<number, number> {
    return this.#member.lag();
  }

  #replaceMember(): void {
    this.#replacing = this.#replacing.then(() => this.#replace());
  }

  async #replace(): Promise<void> {
    const { logger } = this.#options;
    const { signal } = this.#stopping;
    if (this.#member.hasFailed || signal.aborted) return;
    logger.warn('The clock was set back; replacing the Kafka consumer.');
    await this.#member.stop().catch((error: unknown) => logger.warn(error));
    const open = () => {
      this.#member = this.#createMember();
      return this.#member.start();
    };
    await openAgain(open, this.#options, signal);
  }
}
