/** Bound what a fetch may exceed its limits by, and what one look-up of a key reads. */
const CHUNK_RECORDS = 250;
const CHUNK_BYTES = 131_072;
/** Collects what one transaction brings for one partition. */
export class ChunkDraft {
    nextOffset;
    #records = [];
    #bytes = 0;
    constructor(firstOffset) {
        this.nextOffset = firstOffset;
    }
    get isFull() {
        return this.#records.length >= CHUNK_RECORDS || this.#bytes >= CHUNK_BYTES;
    }
    add(record) {
        this.#records.push(record);
        this.#bytes += record.length;
        return this.nextOffset++;
    }
    take(partition, timestamp) {
        const count = this.#records.length;
        const body = Buffer.concat(this.#records, this.#bytes);
        this.#records = [];
        this.#bytes = 0;
        return { partition, firstOffset: this.nextOffset - count, count, timestamp, body };
    }
}
//# sourceMappingURL=chunk-draft.js.map