import type { Database, Statement } from 'better-sqlite3';
import { chunksOf, type ChunkTable } from './chunk-table.ts';
import { commitFailure } from './failures.ts';
import { readAppends } from './frames.ts';
import { NO_OFFSET } from './protocol.ts';
import { type Partition, partitionOf, type Topic } from './topic-table.ts';

/** Appends the records of many callers in one transaction. */
export class RecordAppender {
  readonly #db: Database;
  readonly #chunks: ChunkTable;
  readonly #addKey: Statement<[number, Buffer, number]>;

  constructor(db: Database, chunks: ChunkTable) {
    this.#db = db;
    this.#chunks = chunks;
    this.#addKey = db.prepare('INSERT INTO keys (topic, key, offset) VALUES (?, ?, ?)');
  }

  /**
   * Makes all records of the frames durable, or none; except those for a partition that the topic does not have.
   * @param topics by the topic numbers in the frames
   * @param now milliseconds since the epoch
   * @returns partition and offset of each record, alternating; the offset is NO_OFFSET for an unknown partition
   * @throws ServiceError `log-timeout` when they may come back after a crash · SqliteError when they are not in the log
   */
  append(topics: readonly Topic[], frames: Buffer, now: number): Float64Array<ArrayBuffer> {
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
}
