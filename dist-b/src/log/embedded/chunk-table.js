import { crc32 } from 'node:zlib';
import { SLOT_SIZE } from "./log-database.js";
const COLUMNS = 'id, count, timestamp, checksum, body';
/** The rows that hold the records. */
export class ChunkTable {
    #insert;
    #atOrBefore;
    #after;
    #delete;
    constructor(db) {
        this.#insert = db.prepare(`INSERT INTO chunks (${COLUMNS}) VALUES (?, ?, ?, ?, ?)`);
        this.#atOrBefore = db.prepare(`SELECT ${COLUMNS} FROM chunks WHERE id <= ? AND id >= ? ORDER BY id DESC LIMIT 1`);
        this.#after = db.prepare(`SELECT ${COLUMNS} FROM chunks WHERE id > ? AND id < ? ORDER BY id LIMIT 1`);
        this.#delete = db.prepare('DELETE FROM chunks WHERE id = ?');
    }
    insert({ slot }, { firstOffset, count, timestamp, body }) {
        this.#insert.run(slot * SLOT_SIZE + firstOffset, count, timestamp, crc32(body), body);
    }
    /**
     * The chunk that holds the offset, or the next one when that offset is dropped already.
     * @throws Error when it is not what was written: SQLite has no checksums of its own
     */
    at({ slot, number, end }, offset) {
        if (offset >= end)
            return undefined;
        const base = slot * SLOT_SIZE;
        const before = this.#atOrBefore.get(base + offset, base);
        const row = before !== undefined && before.id + before.count > base + offset
            ? before
            : this.#after.get(base + offset, base + end);
        if (row === undefined)
            return undefined;
        const { id, count, timestamp, checksum, body } = row;
        const firstOffset = id - base;
        if (crc32(body) !== checksum) {
            throw new Error(`partition ${number} is damaged at offset ${firstOffset}, restore the file from a copy`);
        }
        return { partition: number, firstOffset, count, timestamp, body };
    }
    delete({ slot }, { firstOffset }) {
        this.#delete.run(slot * SLOT_SIZE + firstOffset);
    }
}
//# sourceMappingURL=chunk-table.js.map