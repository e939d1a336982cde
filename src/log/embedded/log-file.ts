import type { Database, Statement } from 'better-sqlite3';
import { recordsGoneError } from '../log-mismatch.ts';
import { chunksOf, ChunkTable } from './chunk-table.ts';
import { commitFailure } from './failures.ts';
import { type Chunk, readAppends, singleRecord } from './frames.ts';
import { deleteAllBefore } from './move-forward.ts';
import { openDatabase, readIdentity, relaxed } from './log-database.ts';
import { NO_OFFSET, type CorruptRecords, type OpenOptions } from './protocol.ts';
import { Retention } from './retention.ts';
import { type Partition, partitionOf, type Topic, TopicTable } from './topic-table.ts';
import { rewriteWriteAheadLog } from './write-ahead-log.ts';

/** Length of the write-ahead log, in pages, from which it is copied into the file. */
const CHECKPOINT_PAGES = 1000;

/** What `verifyWritable` writes to prove that the disk accepts a group of records: a row that no partition can have. */
const PROBE_ID = -1;
const PROBE_BYTES = 65_536;

/** 1 MiB */
const BACKUP_STEP_PAGES = 256;

/** The log file. Synchronous; owned by one thread. Times are milliseconds since the epoch. */
export class LogFile {
  readonly #path: string;
  readonly #db: Database;
  readonly #topics: TopicTable;
  readonly #chunks: ChunkTable;
  readonly #retention: Retention;
  readonly #groupId: string;
  readonly #addKey: Statement<[number, Buffer, number]>;
  readonly #oldestOfKey: Statement<[number, Buffer], number>;
  readonly #commit: Statement<[string, number, number]>;
  readonly #writeAheadLog: Statement<[], { log: number; checkpointed: number }>;

  /** @throws SqliteError · ServiceError when the file has a newer format */
  constructor(options: Omit<OpenOptions, 'retentionMs'>) {
    this.#path = options.file;
    this.#db = openDatabase(options.file, options.maxFileBytes);
    this.#topics = new TopicTable(this.#db, options);
    this.#chunks = new ChunkTable(this.#db);
    this.#retention = new Retention(this.#db, this.#chunks);
    this.#groupId = options.groupId;
    this.#addKey = this.#db.prepare('INSERT INTO keys (topic, key, offset) VALUES (?, ?, ?)');
    this.#oldestOfKey = this.#db
      .prepare<[number, Buffer], number>(
        'SELECT offset FROM keys WHERE topic = ? AND key = ? ORDER BY offset LIMIT 1',
      )
      .pluck();
    this.#commit = this.#db.prepare('INSERT OR REPLACE INTO group_offsets VALUES (?, ?, ?)');
    this.#writeAheadLog = this.#db.prepare('PRAGMA wal_checkpoint(NOOP)');
  }

  /** The same in all copies of the log. */
  identity(): string {
    return readIdentity(this.#db);
  }

  topic(name: string): Topic {
    return this.#topics.use(name);
  }

  /**
   * Makes all records of the frames durable, or none; except those for a partition that the topic does not have.
   * @returns partition and offset of each record, alternating; the offset is NO_OFFSET for an unknown partition
   * @throws ServiceError `log-timeout` when they may come back after a crash · SqliteError when they are not in the log
   */
  append(topicNames: readonly string[], frames: Buffer, now: number): Float64Array<ArrayBuffer> {
    const topics = topicNames.map((name) => this.topic(name));
    const positions: number[] = [];
    const appended = new Map<Partition, Buffer[]>();
    const step = { isCommitting: false };
    const write = this.#db.transaction(() => {
      readAppends(frames, (topicIndex, key, record, wanted) => {
        const { id, partitions } = topics[topicIndex] as Topic;
        const ofKey = partitionOf(partitions, key);
        const partition = wanted === undefined ? ofKey : partitions[wanted];
        if (partition === undefined) {
          positions.push(wanted as number, NO_OFFSET);
          return;
        }
        let records = appended.get(partition);
        if (records === undefined) appended.set(partition, (records = []));
        const offset = partition.end + records.push(record) - 1;
        if (key !== null && partition === ofKey) this.#addKey.run(id, key, offset);
        positions.push(partition.number, offset);
      });
      for (const [partition, records] of appended) {
        for (const chunk of chunksOf(partition, records, now)) this.#chunks.insert(partition, chunk);
      }
      step.isCommitting = true;
    });
    try {
      write();
    } catch (error) {
      throw step.isCommitting ? commitFailure(error) : error;
    }
    for (const [partition, records] of appended) partition.end += records.length;
    return Float64Array.from(positions);
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

  /** Copies the write-ahead log into the file when it is long; the next write then starts it from the beginning. */
  checkpointIfLong(): void {
    const state = this.#writeAheadLog.get();
    if (state !== undefined && state.log >= CHECKPOINT_PAGES) this.#db.pragma('wal_checkpoint(PASSIVE)');
  }

  /**
   * After an error of the disk, the kernel may have dropped pages that SQLite believes to be written, of this transaction
   * and of earlier ones. Writes all of them again, to both files, and proves that the disk accepts more.
   * @throws Error if it does not, or if it has lost committed records
   */
  recover(): void {
    // A commit that failed to end its transaction may have left the setting of `relaxed`.
    if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
    this.#db.pragma('synchronous = FULL');
    const state = this.#writeAheadLog.get();
    if (state !== undefined && state.log > 0) rewriteWriteAheadLog(`${this.#path}-wal`, state.log);
    this.verifyWritable();
  }

  /** Copies the write-ahead log into the file, and proves that the disk accepts a group of records. @throws SqliteError */
  verifyWritable(): void {
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
    this.#db
      .prepare('INSERT OR REPLACE INTO chunks VALUES (?, 0, 0, 0, zeroblob(?))')
      .run(PROBE_ID, PROBE_BYTES);
    this.#db.prepare('DELETE FROM chunks WHERE id = ?').run(PROBE_ID);
  }

  close(): void {
    this.#db.close();
  }
}
