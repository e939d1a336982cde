import { ServiceError, toError } from '../../base/errors.ts';
import type { LogRecord } from '../../base/log-record.ts';
import type { Logger } from '../../base/logger.ts';
import type { ConsumerHandlers, LogConsumer } from '../event-log.ts';
import { OffsetCommits } from './offset-commits.ts';
import { PartitionReader } from './partition-reader.ts';
import type { PartitionState } from './protocol.ts';
import type { ThreadLink } from './thread-link.ts';

/** The only member of its group: it has all partitions from start to stop. */
export class EmbeddedConsumer implements LogConsumer {
  readonly #link: ThreadLink;
  readonly #topic: string;
  readonly #handlers: ConsumerHandlers;
  readonly #commits: OffsetCommits;
  readonly #reader: PartitionReader;
  #assigned: number[] = [];
  /** next offsets the group is done with */
  readonly #done = new Map<number, number>();
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #failed = false;

  constructor(link: ThreadLink, topic: string, handlers: ConsumerHandlers, logger: Logger) {
    this.#link = link;
    this.#topic = topic;
    this.#handlers = handlers;
    this.#commits = new OffsetCommits(link, topic, logger);
    this.#reader = new PartitionReader(link, topic, {
      onRecords: (records: LogRecord[]) => handlers.onRecords(records),
      onFailed: (error) => this.#fail(error),
    });
  }

  /** @throws ServiceError when the log is not open; what fails later goes to `onFailed` */
  async start(): Promise<void> {
    this.#starting ??= this.#assign();
    await this.#starting;
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#revoke();
    await this.#stopping;
  }

  pause(partitions: number[]): void {
    this.#reader.pause(partitions);
  }

  resume(partitions: number[]): void {
    this.#reader.resume(partitions);
  }

  commit(nextOffsets: Map<number, number>): void {
    for (const [partition, offset] of nextOffsets) this.#done.set(partition, offset);
    this.#commits.note(nextOffsets);
  }

  lag(): Map<number, number> {
    return new Map(
      [...this.#done].map(([partition, done]) => [partition, this.#reader.end(partition) - done]),
    );
  }

  async #assign(): Promise<void> {
    const partitions = await this.#link.call('describe', { topic: this.#topic });
    this.#assigned = [...partitions.keys()];
    try {
      const from = await this.#handlers.onAssigned(
        new Map(partitions.map(({ committed }, number) => [number, committed])),
      );
      for (const [number, partition] of partitions.entries()) {
        this.#done.set(number, this.#position(number, partition, from.get(number)));
      }
    } catch (error) {
      this.#fail(toError(error));
      return;
    }
    if (this.#stopping === undefined) {
      this.#reader.start(
        this.#done,
        partitions.map(({ end }) => end),
      );
    }
  }

  #position(
    number: number,
    { start, end, committed }: PartitionState,
    from: number | 'earliest' = committed ?? 'earliest',
  ): number {
    const position = from === 'earliest' ? start : from;
    if (position > end) {
      const detail = `Offset ${position} of ${this.#topic}/${number} was processed, but the log ends at ${end}: it is not the log this store was filled from, or it lost its end. Put the two together again.`;
      throw new ServiceError('log-truncated', detail);
    }
    return position;
  }

  async #revoke(): Promise<void> {
    await Promise.allSettled([this.#starting]);
    await this.#reader.stop();
    if (this.#assigned.length > 0) await this.#handlers.onRevoked(this.#assigned);
    await this.#commits.flush();
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#handlers.onFailed(error);
  }
}
