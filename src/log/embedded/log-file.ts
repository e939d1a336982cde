import type { Database, Statement } from 'better-sqlite3';
import { crc32 } from 'node:zlib';
import { ChunkDraft } from './chunk-draft.ts';
import { ChunkTable } from './chunk-table.ts';
import { type Chunk, readAppends, singleRecord } from './frames.ts';
import { openDatabase, relaxed } from './log-database.ts';
import type { FetchBody, OpenOptions } from './protocol.ts';
import { Retention } from './retention.ts';
import { type Partition, type Topic, TopicTable } from './topic-table.ts';

/** The log in its file. Everything is synchronous and belongs to one thread; times are milliseconds since the epoch. */
export class LogFile {
  readonly #db: Database;
  readonly #topics: TopicTable;
  readonly #chunks: ChunkTable;
  readonly #retention: Retention;
  readonly #groupId: string;
  readonly #addKey: Statement<[number, Buffer, number]>;
  readonly #oldestOfKey: Statement<[number, Buffer], number>;
  readonly #commit: Statement<[string, number, number]>;

  /** @throws SqliteError · ServiceError when the file has another format */
  constructor(options: Omit<OpenOptions, 'retentionMs'>) {
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
  }

  topic(name: string): Topic {
    return this.#topics.use(name);
  }

  /**
   * Appends all records of the frames durably, or none.
   * @returns partition and offset of every record, alternating
   */
  append(topicNames: readonly string[], frames: Buffer, now: number): Float64Array<ArrayBuffer> {
    const topics = topicNames.map((name) => this.topic(name));
    const positions: number[] = [];
    const drafts = new Map<Partition, ChunkDraft>();
    this.#db.transaction(() => {
      readAppends(frames, (topicIndex, key, record) => {
        const { id, partitions } = topics[topicIndex] as Topic;
        const partition = partitionOf(partitions, key);
        let draft = drafts.get(partition);
        if (draft === undefined) drafts.set(partition, (draft = new ChunkDraft(partition.end)));
        else if (draft.isFull) this.#chunks.insert(partition, draft.take(partition.number, now));
        const offset = draft.add(record);
        if (key !== null) this.#addKey.run(id, key, offset);
        positions.push(partition.number, offset);
      });
      for (const [partition, draft] of drafts)
        this.#chunks.insert(partition, draft.take(partition.number, now));
    })();
    for (const [partition, draft] of drafts) partition.end = draft.nextOffset;
    return Float64Array.from(positions);
  }

  /** Takes a chunk of each partition in turn until the limits are met; the last chunk may exceed them. */
  read({ topic, positions, maxRecords, maxBytes }: Omit<FetchBody, 'reader'>): Chunk[] {
    const { partitions } = this.topic(topic);
    const next = new Map(positions);
    const chunks: Chunk[] = [];
    let [records, bytes] = [0, 0];
    while (next.size > 0) {
      for (const [number, offset] of next) {
        const partition = partitions[number];
        const chunk = partition === undefined ? undefined : this.#chunks.at(partition, offset);
        if (chunk === undefined) {
          next.delete(number);
          continue;
        }
        chunks.push(chunk);
        records += chunk.count;
        bytes += chunk.body.length;
        if (records >= maxRecords || bytes >= maxBytes) return chunks;
        next.set(number, chunk.firstOffset + chunk.count);
      }
    }
    return chunks;
  }

  /** The oldest record of the key that is not dropped. */
  find(topicName: string, key: string): Chunk | undefined {
    const { id, partitions } = this.topic(topicName);
    const keyBytes = Buffer.from(key);
    const offset = this.#oldestOfKey.get(id, keyBytes);
    if (offset === undefined) return undefined;
    const chunk = this.#chunks.at(partitionOf(partitions, keyBytes), offset);
    return chunk === undefined ? undefined : singleRecord(chunk, offset);
  }

  /** A power failure may take the last commits back, a crash of the process does not. */
  commit(topicName: string, nextOffsets: ReadonlyMap<number, number>): void {
    const { partitions } = this.topic(topicName);
    const moved = partitions.filter(({ number }) => nextOffsets.has(number));
    relaxed(this.#db, () => {
      for (const { slot, number } of moved) {
        this.#commit.run(this.#groupId, slot, nextOffsets.get(number) as number);
      }
    });
    for (const partition of moved) partition.committed = nextOffsets.get(partition.number);
  }

  /** Drops about `budget` records that are done and older than `cutoff`; fewer when nothing more is due. */
  dropDue(cutoff: number, budget: number): number {
    return this.#retention.drop(this.#topics.all(), cutoff, budget);
  }

  /** Moves everything into the main file and syncs that: after an I/O error, proof that the disk takes writes again. */
  heal(): void {
    this.#db.pragma('wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    this.#db.close();
  }
}

/** Records without a key have no order among themselves; the first partition keeps it all the same. */
function partitionOf(partitions: readonly Partition[], key: Buffer | null): Partition {
  return partitions[key === null ? 0 : crc32(key) % partitions.length] as Partition;
}
