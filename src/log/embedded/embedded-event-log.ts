import { join } from 'node:path';
import { ServiceError } from '../../base/errors.ts';
import type { LogRecord } from '../../base/log-record.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Position } from '../../base/position.ts';
import type { Erasure } from '../../order/personal-data.ts';
import type {
  ConsumerHandlers,
  EventLog,
  Follower,
  FollowOptions,
  LogFigures,
  LogConsumer,
  OffsetRange,
  OutgoingRecord,
} from '../event-log.ts';
import { type AppendLimits, AppendQueue } from './append-queue.ts';
import { EmbeddedConsumer } from './embedded-consumer.ts';
import { collectRecords, decodeBatch } from './frames.ts';
import { LogClient } from './log-client.ts';
import { PartitionReader } from './partition-reader.ts';
import type { OpenOptions } from './protocol.ts';

export interface EmbeddedEventLogOptions extends AppendLimits, Omit<OpenOptions, 'file'> {
  /** folder of `log.db`, created if missing; one process at a time can use it */
  dataDirectory: string;
  /** the compiled log-thread; by default the one beside this module */
  threadEntry?: URL;
  logger: Logger;
  metrics?: Pick<Metrics, 'logRecordsCorrupt'>;
}

/**
 * A durable, partitioned log for one process. It is an SQLite file that only a thread of its own uses; the main thread just
 * sends bytes there.
 */
export class EmbeddedEventLog implements EventLog {
  readonly #logger: Logger;
  readonly #metrics: EmbeddedEventLogOptions['metrics'];
  readonly #file: string;
  readonly #client: LogClient;
  readonly #queue: AppendQueue;
  #identity: string | undefined;
  #stopping = false;

  constructor({ dataDirectory, threadEntry, logger, metrics, ...options }: EmbeddedEventLogOptions) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#file = join(dataDirectory, 'log.db');
    this.#client = new LogClient(
      { ...options, file: this.#file },
      threadEntry ?? new URL('./log-thread.js', import.meta.url),
    );
    this.#queue = new AppendQueue(options, (records) => this.#client.append(records));
  }

  progressName(topic: string): string {
    return `embedded:${topic}`;
  }

  identity(): string | undefined {
    return this.#identity;
  }

  /** @throws ServiceError `log-unavailable` when the file cannot be used, or another process uses it */
  async start(): Promise<void> {
    const file = this.#file;
    this.#client.on('died', (err) => this.#logger.error({ err, file }, 'The event log thread died.'));
    this.#client.on('health', (problem) => {
      if (problem === undefined) this.#logger.info({ file }, 'The event log works again.');
      else this.#logger.error({ file, problem }, 'The event log is not usable.');
    });
    this.#client.on('corrupt', (records) => {
      this.#metrics?.logRecordsCorrupt.inc(records.lastOffset - records.firstOffset + 1);
      const message =
        'The event log had corrupt records. All of them were processed before, so they were deleted. Check the disk.';
      this.#logger.error({ file, ...records }, message);
    });
    this.#identity = await this.#client.start();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#queue.drain();
    await this.#client.stop();
  }

  async append(record: OutgoingRecord): Promise<Position> {
    if (this.#stopping) throw new ServiceError('log-unavailable', 'The event log is shutting down.');
    return this.#queue.append(record);
  }

  consumer(topic: string, handlers: ConsumerHandlers): LogConsumer {
    return new EmbeddedConsumer(this.#client, topic, handlers, this.#logger);
  }

  async follow(
    topic: string,
    onRecords: (records: LogRecord[]) => void,
    { backlog = 0, onStart }: FollowOptions = {},
  ): Promise<Follower> {
    const partitions = await this.#client.call('describe', [topic]);
    const ends = partitions.map(({ end }) => end);
    const share = Math.ceil(backlog / partitions.length);
    const positions = new Map(
      partitions.map(({ start, end }, number) => [number, Math.max(start, end - share)]),
    );
    onStart?.(positions);
    const reader = new PartitionReader(this.#client, topic, {
      onRecords,
      onFailed: (err) => this.#logger.error({ err, topic }, 'A follower of the event log failed.'),
    });
    reader.start(positions, ends);
    return reader;
  }

  async find(topic: string, key: string): Promise<LogRecord | undefined> {
    return recordsOfBatch(await this.#client.call('find', [topic, key]))[0];
  }

  async ranges(topic: string): Promise<OffsetRange[]> {
    const partitions = await this.#client.call('describe', [topic]);
    return partitions.map(({ start, end }) => ({ start, end }));
  }

  async recordsAt(topic: string, offsets: ReadonlyMap<number, number>): Promise<Map<number, LogRecord>> {
    const records = recordsOfBatch(await this.#client.call('recordsAt', [topic, offsets]));
    return new Map(records.map((record) => [record.partition, record]));
  }

  async moveForward(topic: string, nextOffsets: ReadonlyMap<number, number>): Promise<void> {
    await this.#client.call('moveForward', [topic, nextOffsets]);
  }

  /**
   * Removes the personal data of a customer from the records of a topic, in small steps; appends go on.
   * @param ranges offsets by partition, the last one excluded
   * @param orderIds orders of the customer; those that the records place are added
   * @returns how many records had personal data
   * @throws ServiceError `log-unavailable`
   */
  async redact(
    topic: string,
    ranges: ReadonlyMap<number, { from: number; to: number }>,
    erasure: Erasure,
    orderIds: Set<string>,
  ): Promise<number> {
    let redacted = 0;
    for (const [partition, { from, to }] of ranges) {
      for (let next = from; next < to;) {
        const redaction = { erasure, orderIds: [...orderIds] };
        const step = await this.#client.call('redact', [topic, partition, { from: next, to }, redaction]);
        for (const id of step.orderIds) orderIds.add(id);
        redacted += step.redacted;
        next = step.next;
      }
    }
    return redacted;
  }

  /** Rewrites the file, so that the bytes of deleted and changed records are gone. Appends wait meanwhile. */
  async rewrite(): Promise<void> {
    await this.#client.call('rewrite', []);
  }

  /**
   * Runs `work` while no record is deleted.
   * @throws what `work` throws
   */
  async holdingRetention<T>(work: () => Promise<T>): Promise<T> {
    await this.#client.call('holdRetention', []);
    try {
      return await work();
    } finally {
      await this.#client.call('releaseRetention', []);
    }
  }

  /**
   * Copies the log to a new file; appends go on. The copy contains every record that was appended before this call, and
   * some of those appended during it. One copy at a time.
   * @param onProgress receives pages
   * @throws ServiceError `backup-failed`, also when the signal is aborted
   */
  async backUp(
    file: string,
    onProgress: (done: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    const abort = () => void this.#client.call('stopBackup', []).catch(() => undefined);
    this.#client.on('backup', onProgress);
    signal.addEventListener('abort', abort);
    try {
      await this.#client.call('backUp', [file]);
    } finally {
      this.#client.off('backup', onProgress);
      signal.removeEventListener('abort', abort);
    }
  }

  readinessProblem(): string | undefined {
    return this.#client.readinessProblem();
  }

  pendingAppends(): number {
    return this.#queue.pending;
  }

  async figures(): Promise<LogFigures> {
    return { pendingBytes: this.#queue.pendingBytes, file: await this.#client.call('size', []) };
  }
}

function recordsOfBatch(batch: Uint8Array): LogRecord[] {
  const records: LogRecord[] = [];
  for (const chunk of decodeBatch(batch)) collectRecords(chunk, chunk.firstOffset, records);
  return records;
}
