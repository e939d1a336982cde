import type { Database, Statement } from 'better-sqlite3';
import type { LogFileSize } from '../event-log.ts';
import { recordsGoneError } from '../log-mismatch.ts';
import { ChunkTable } from './chunk-table.ts';
import { type Chunk, singleRecord } from './frames.ts';
import { deleteAllBefore } from './move-forward.ts';
import { openDatabase, readIdentity, relaxed } from './log-database.ts';
import { LogDisk } from './log-disk.ts';
import type { CorruptRecords, OpenOptions, RedactedRecords, Redaction } from './protocol.ts';
import { RecordAppender } from './record-appender.ts';
import { redactRecords } from './redaction.ts';
import { Retention } from './retention.ts';
import { partitionOf, type Topic, TopicTable } from './topic-table.ts';

/** 1 MiB */
const BACKUP_STEP_PAGES = 256;

/** The log file. Synchronous; owned by one thread. Times are milliseconds since the epoch. */
export class LogFile {
  readonly #db: Database;
  readonly #topics: TopicTable;
  readonly #chunks: ChunkTable;
  readonly #appender: RecordAppender;
  readonly #retention: Retention;
  readonly #disk: LogDisk;
  readonly #groupId: string;
  readonly #oldestOfKey: Statement<[number, Buffer], number>;
  readonly #commit: Statement<[string, number, number]>;

  /** @throws SqliteError · ServiceError when the file has a newer format */
  constructor(options: Omit<OpenOptions, 'retentionMs'>) {
    this.#db = openDatabase(options.file, options.maxFileBytes);
    this.#topics = new TopicTable(this.#db, options);
    this.#chunks = new ChunkTable(this.#db);
    this.#appender = new RecordAppender(this.#db, this.#chunks);
    this.#retention = new Retention(this.#db, this.#chunks);
    this.#disk = new LogDisk(this.#db, options.file);
    this.#groupId = options.groupId;
    this.#oldestOfKey = this.#db
      .prepare<[number, Buffer], number>(
        'SELECT offset FROM keys WHERE topic = ? AND key = ? ORDER BY offset LIMIT 1',
      )
      .pluck();
    this.#commit = this.#db.prepare('INSERT OR REPLACE INTO group_offsets VALUES (?, ?, ?)');
  }

  /** The same in all copies of the log. */
  identity(): string {
    return readIdentity(this.#db);
  }

  /** Reads only the header of the file. */
  size(): LogFileSize {
    const pragma = (name: string) => Number(this.#db.pragma(name, { simple: true }));
    const pageBytes = pragma('page_size');
    return {
      usedBytes: (pragma('page_count') - pragma('freelist_count')) * pageBytes,
      limitBytes: pragma('max_page_count') * pageBytes,
    };
  }

  topic(name: string): Topic {
    return this.#topics.use(name);
  }

  /** See `RecordAppender.append`. The first use of a topic creates it. */
  append(topicNames: readonly string[], frames: Buffer, now: number): Float64Array<ArrayBuffer> {
    return this.#appender.append(
      topicNames.map((name) => this.topic(name)),
      frames,
      now,
    );
  }

  /**
   * Reads one chunk per partition, round robin, until a limit is reached. The last chunk may exceed the limit.
   * @throws ServiceError `log-mismatch` when a record is missing: skipping it would lose it silently
   */
  read(
    topic: string,
    positions: ReadonlyMap<number, number>,
    limits: { records: number; bytes: number },
  ): Chunk[] {
    const { partitions } = this.topic(topic);
    const next = new Map(positions);
    const chunks: Chunk[] = [];
    let [records, bytes] = [0, 0];
    while (next.size > 0) {
      for (const [number, offset] of next) {
        const partition = partitions[number];
        const chunk = partition && this.#chunks.at(partition, offset);
        const found = chunk?.firstOffset ?? partition?.end ?? offset;
        if (found > offset) throw recordsGoneError(topic, number, { from: offset, to: found });
        if (chunk === undefined) {
          next.delete(number);
          continue;
        }
        chunks.push(chunk);
        records += chunk.count;
        bytes += chunk.body.length;
        if (records >= limits.records || bytes >= limits.bytes) return chunks;
        next.set(number, chunk.firstOffset + chunk.count);
      }
    }
    return chunks;
  }

  /** The record at an offset, if it is retained and intact: a consumer that needs a corrupt record fails by itself. */
  at(topicName: string, number: number, offset: number): Chunk | undefined {
    const partition = this.topic(topicName).partitions[number];
    const stored = partition && this.#chunks.stored(partition, offset);
    if (stored?.isIntact !== true || stored.chunk.firstOffset > offset) return undefined;
    return singleRecord(stored.chunk, offset);
  }

  /** The oldest retained record with this key, in the partition of the key. */
  find(topicName: string, key: string): Chunk | undefined {
    const { id, partitions } = this.topic(topicName);
    const keyBytes = Buffer.from(key);
    const offset = this.#oldestOfKey.get(id, keyBytes);
    if (offset === undefined) return undefined;
    const chunk = this.#chunks.at(partitionOf(partitions, keyBytes), offset);
    return chunk && singleRecord(chunk, offset);
  }

  /** Tells retention where the consumer starts. Before this call, it deletes no record of a consumed topic. */
  consumeFrom(topicName: string, positions: ReadonlyMap<number, number>): void {
    for (const partition of this.topic(topicName).partitions) {
      partition.consumed = positions.get(partition.number) ?? partition.consumed;
    }
  }

  /** Commits survive a crash of the process; a power failure may undo the latest ones. */
  commit(topicName: string, nextOffsets: ReadonlyMap<number, number>): void {
    const { partitions } = this.topic(topicName);
    const moved = partitions.filter(({ number }) => nextOffsets.has(number));
    relaxed(this.#db, () => {
      for (const { slot, number } of moved) {
        this.#commit.run(this.#groupId, slot, nextOffsets.get(number) as number);
      }
    });
    for (const partition of moved) partition.committed = nextOffsets.get(partition.number);
    this.consumeFrom(topicName, nextOffsets);
  }

  /** Deletes all records of these partitions; the next append of each gets the given offset, which is not below its end. */
  moveForward(topicName: string, nextOffsets: ReadonlyMap<number, number>): void {
    const { id, partitions } = this.topic(topicName);
    const moved = partitions.filter(({ number }) => nextOffsets.has(number));
    deleteAllBefore(this.#db, { topicId: id, partitions, moved, nextOffsets });
    for (const partition of moved) {
      const next = nextOffsets.get(partition.number) as number;
      partition.start = partition.end = next;
      if (partition.committed !== undefined) partition.committed = next;
    }
  }

  /** See `redactRecords`. Each call is one transaction. */
  redact(
    topicName: string,
    number: number,
    range: { from: number; to: number },
    redaction: Redaction,
  ): RedactedRecords {
    const partition = this.topic(topicName).partitions[number];
    if (partition === undefined) return { next: range.to, redacted: 0, orderIds: [] };
    return this.#db.transaction(() => redactRecords(this.#chunks, partition, range, redaction))();
  }

  /** Its temporary copy is as large as the file, so it must not be in memory. @throws SqliteError */
  rewrite(): void {
    this.#db.pragma('temp_store = FILE');
    try {
      this.#db.exec('VACUUM');
    } finally {
      this.#db.pragma('temp_store = MEMORY');
    }
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
  }

  /**
   * Copies the log to a new file in steps of a few milliseconds, so that other calls can run in between. The copy contains
   * what they append. @param onProgress receives pages
   */
  async backUp(file: string, onProgress: (done: number, total: number) => void): Promise<void> {
    await this.#db.backup(file, {
      progress({ totalPages, remainingPages }) {
        onProgress(totalPages - remainingPages, totalPages);
        return BACKUP_STEP_PAGES;
      },
    });
  }

  /**
   * Deletes about `budget` records that are consumed and older than `cutoff`. @returns how many; fewer if no more are due
   * @param now the current time; a record with a later timestamp was appended while the clock was ahead
   * @param onCorrupt called for those that were corrupt, after they are deleted
   */
  deleteDue(
    cutoff: number,
    budget: number,
    onCorrupt: (records: CorruptRecords) => void = () => undefined,
    now = Infinity,
  ): number {
    const { deleted, corrupt } = this.#retention.deleteDue(
      this.#topics.partitions(),
      { cutoff, now },
      budget,
    );
    corrupt.forEach(onCorrupt);
    return deleted;
  }

  /** See `LogDisk.checkpointIfLong`. */
  checkpointIfLong(): void {
    this.#disk.checkpointIfLong();
  }

  /** See `LogDisk.recover`. @throws Error if the disk still fails, or if it has lost committed records */
  recover(): void {
    this.#disk.recover();
  }

  /** See `LogDisk.verifyWritable`. @throws SqliteError */
  verifyWritable(): void {
    this.#disk.verifyWritable();
  }

  close(): void {
    this.#db.close();
  }
}
