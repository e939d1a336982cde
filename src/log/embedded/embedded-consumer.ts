import { setImmediate as nextTurn } from 'node:timers/promises';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ConsumerHandlers, LogConsumer } from '../event-log.ts';
import { logEndsError, recordsGoneError } from '../log-mismatch.ts';
import type { LogClient } from './log-client.ts';
import { PartitionReader } from './partition-reader.ts';
import type { PartitionState } from './protocol.ts';

/** The only member of its group, so it owns all partitions from start to stop. */
export class EmbeddedConsumer implements LogConsumer {
  readonly #client: LogClient;
  readonly #topic: string;
  readonly #handlers: ConsumerHandlers;
  readonly #logger: Logger;
  readonly #reader: PartitionReader;
  #assigned: number[] = [];
  /** next offsets of the group */
  readonly #done = new Map<number, number>();
  #uncommitted = new Map<number, number>();
  #committing: Promise<void> | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(client: LogClient, topic: string, handlers: ConsumerHandlers, logger: Logger) {
    this.#client = client;
    this.#topic = topic;
    this.#handlers = handlers;
    this.#logger = logger;
    this.#reader = new PartitionReader(client, topic, handlers);
  }

  /** @throws ServiceError when the log is not open; later failures go to `onFailed` */
  start(): Promise<void> {
    return (this.#starting ??= this.#assign());
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#revoke());
  }

  pause(partitions: number[]): void {
    this.#reader.pause(partitions);
  }

  resume(partitions: number[]): void {
    this.#reader.resume(partitions);
  }

  commit(nextOffsets: Map<number, number>): void {
    for (const [partition, offset] of nextOffsets) {
      this.#done.set(partition, offset);
      this.#uncommitted.set(partition, offset);
    }
    this.#committing ??= this.#writeCommits();
  }

  lag(): Map<number, number> {
    return new Map(
      [...this.#done].map(([partition, done]) => [partition, this.#reader.end(partition) - done]),
    );
  }

  async #assign(): Promise<void> {
    const partitions = await this.#client.call('describe', [this.#topic]);
    this.#assigned = [...partitions.keys()];
    try {
      const from = await this.#handlers.onAssigned(
        new Map(partitions.map(({ committed }, number) => [number, committed])),
      );
      for (const [number, partition] of partitions.entries()) {
        this.#done.set(number, this.#position(number, partition, from.get(number)));
      }
      await this.#client.call('consumeFrom', [this.#topic, this.#done]);
    } catch (error) {
      this.#handlers.onFailed(toError(error));
      return;
    }
    if (this.#stopping !== undefined) return;
    this.#reader.start(
      this.#done,
      partitions.map(({ end }) => end),
    );
  }

  #position(
    number: number,
    { start, end, committed }: PartitionState,
    from: number | 'earliest' = committed ?? 'earliest',
  ): number {
    const position = from === 'earliest' ? start : from;
    if (position < start) throw recordsGoneError(this.#topic, number, { from: position, to: start });
    if (position > end) throw logEndsError(this.#topic, number, { expected: position, end });
    return position;
  }

  async #revoke(): Promise<void> {
    await Promise.allSettled([this.#starting]);
    await this.#reader.stop();
    if (this.#assigned.length > 0) await this.#handlers.onRevoked(this.#assigned);
    await this.#committing;
    await this.#writeCommits();
  }

  /** Sends one commit at a time; newer offsets wait for the next one. After a failure, the offsets stay for the next commit. */
  async #writeCommits(): Promise<void> {
    await nextTurn();
    while (this.#uncommitted.size > 0) {
      const nextOffsets = this.#uncommitted;
      this.#uncommitted = new Map();
      try {
        await this.#client.call('commit', [this.#topic, nextOffsets]);
      } catch (error) {
        this.#uncommitted = new Map([...nextOffsets, ...this.#uncommitted]);
        const message =
          'Committing offsets failed. The next commit retries. A restart before that reads the records again.';
        this.#logger.warn({ err: error, topic: this.#topic }, message);
        break;
      }
    }
    this.#committing = undefined;
  }
}
