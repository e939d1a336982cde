import type { Database, Statement } from 'better-sqlite3';
import { crc32 } from 'node:zlib';
import { type Chunk, corruptAt } from './frames.ts';
import { SLOT_SIZE } from './log-database.ts';
import type { Partition } from './topic-table.ts';

/** Limits of a chunk. They are small because a fetch may exceed its limits by one chunk, and a look-up by key reads a whole one. */
const CHUNK_RECORDS = 250;
const CHUNK_BYTES = 131_072;

interface ChunkRow {
  id: number;
  count: number;
  timestamp: number;
  checksum: number;
  body: Buffer;
}

const COLUMNS = 'id, count, timestamp, checksum, body';

/** The table of chunks, which hold the records. */
export class ChunkTable {
  readonly #insert: Statement<[number, number, number, number, Buffer]>;
  readonly #atOrBefore: Statement<[number, number], ChunkRow>;
  readonly #after: Statement<[number, number], ChunkRow>;
  readonly #timestampAt: Statement<[number, number], number>;
  readonly #replaceBody: Statement<[number, Buffer, number]>;
  readonly #delete: Statement<[number]>;

  constructor(db: Database) {
    this.#insert = db.prepare(`INSERT INTO chunks (${COLUMNS}) VALUES (?, ?, ?, ?, ?)`);
    this.#atOrBefore = db.prepare(
      `SELECT ${COLUMNS} FROM chunks WHERE id <= ? AND id >= ? ORDER BY id DESC LIMIT 1`,
    );
    this.#after = db.prepare(`SELECT ${COLUMNS} FROM chunks WHERE id > ? AND id < ? ORDER BY id LIMIT 1`);
    this.#timestampAt = db
      .prepare<[number, number], number>(
        'SELECT timestamp FROM chunks WHERE id <= ? AND id >= ? ORDER BY id DESC LIMIT 1',
      )
      .pluck();
    this.#replaceBody = db.prepare('UPDATE chunks SET checksum = ?, body = ? WHERE id = ?');
    this.#delete = db.prepare('DELETE FROM chunks WHERE id = ?');
  }

  insert({ slot }: Partition, { firstOffset, count, timestamp, body }: Chunk): void {
    this.#insert.run(slot * SLOT_SIZE + firstOffset, count, timestamp, crc32(body), body);
  }

  /**
   * The chunk that contains the offset, or the next chunk if the offset is no longer retained.
   * @throws ServiceError `log-unavailable` when the checksum does not match (SQLite has no checksums of its own)
   */
  at(partition: Partition, offset: number): Chunk | undefined {
    const stored = this.stored(partition, offset);
    if (stored === undefined || stored.isIntact) return stored?.chunk;
    throw corruptAt(partition.number, stored.chunk.firstOffset);
  }

  /** As `at`, but also returns a chunk whose body is corrupt. */
  stored({ slot, number, end }: Partition, offset: number): { chunk: Chunk; isIntact: boolean } | undefined {
    if (offset >= end) return undefined;
    const base = slot * SLOT_SIZE;
    const before = this.#atOrBefore.get(base + offset, base);
    const row =
      before !== undefined && before.id + before.count > base + offset
        ? before
        : this.#after.get(base + offset, base + end);
    if (row === undefined) return undefined;
    const { id, count, timestamp, checksum, body } = row;
    const chunk = { partition: number, firstOffset: id - base, count, timestamp, body };
    return { chunk, isIntact: crc32(body) === checksum };
  }

  /** The timestamp of the chunk with this offset, which must be retained. */
  timestampAt({ slot }: Partition, offset: number): number | undefined {
    return this.#timestampAt.get(slot * SLOT_SIZE + offset, slot * SLOT_SIZE);
  }

  /** @param body has as many records */
  replaceBody({ slot }: Partition, { firstOffset }: Chunk, body: Buffer): void {
    this.#replaceBody.run(crc32(body), body, slot * SLOT_SIZE + firstOffset);
  }

  delete({ slot }: Partition, { firstOffset }: Chunk): void {
    this.#delete.run(slot * SLOT_SIZE + firstOffset);
  }
}

/** Splits encoded records into the chunks to append to a partition. */
export function* chunksOf(
  { number, end }: Partition,
  records: readonly Buffer[],
  timestamp: number,
): Generator<Chunk> {
  let [first, bytes] = [0, 0];
  for (const [index, record] of records.entries()) {
    bytes += record.length;
    const count = index + 1 - first;
    if (count < CHUNK_RECORDS && bytes < CHUNK_BYTES && index + 1 < records.length) continue;
    const body = Buffer.concat(records.slice(first, index + 1), bytes);
    yield { partition: number, firstOffset: end + first, count, timestamp, body };
    [first, bytes] = [index + 1, 0];
  }
}
