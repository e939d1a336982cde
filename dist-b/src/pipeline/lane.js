const PAUSE_AT_BATCHES = 4;
const RESUME_BELOW_BATCHES = 2;
/**
 * Collects the records of its partitions and has one batch in flight at a time, so that the events of an order never
 * overtake each other. A free lane takes what there is at once; a busy one lets the next batch grow.
 *
 *     free    → running: records came, and no other lane is writing
 *     free    → waiting: records came while another lane writes (only where the store has one writer)
 *     waiting → running: size | bytes | age reached, or the turn came
 *     running → free | running | waiting: the batch is done
 *     running → halted: the batch was given up; whatever comes after it stays in the log
 *
 * With four batches queued (by records or bytes) its partitions pause; below two they resume.
 */
export class Lane {
    #options;
    #queue = [];
    #queuedBytes = 0;
    #firstQueuedAt = 0;
    #timer;
    #running;
    #isPaused = false;
    #isHalted = false;
    constructor(options) {
        this.#options = options;
    }
    get queuedRecords() {
        return this.#queue.length;
    }
    get isRunning() {
        return this.#running !== undefined;
    }
    push(record) {
        if (this.#isHalted)
            return;
        if (this.#queue.length === 0)
            this.#firstQueuedAt = this.#options.clock();
        this.#queue.push(record);
        this.#queuedBytes += sizeOf(record);
    }
    /** To be called after a round of `push`, and when another lane has finished. */
    dispatch() {
        const trigger = this.#trigger();
        if (trigger !== undefined)
            this.#run(trigger);
        this.#pauseOrResume();
    }
    /** Forgets what is queued of partitions that go, then waits for a batch of theirs that is in flight. */
    async release(partitions) {
        const gone = new Set(partitions);
        this.#replaceQueue(this.#queue.filter((record) => !gone.has(record.partition)));
        if (this.#running !== undefined &&
            partitions.some((partition) => this.#running?.partitions.has(partition))) {
            await this.#running.done;
        }
    }
    #trigger() {
        const { maxRecords, maxBytes, maxWaitMs, mustWait, clock } = this.#options;
        if (this.#isHalted || this.#running !== undefined || this.#queue.length === 0)
            return undefined;
        if (this.#queue.length >= maxRecords)
            return 'size';
        if (this.#queuedBytes >= maxBytes)
            return 'bytes';
        if (!mustWait())
            return this.#timer === undefined ? 'idle' : 'turn';
        const waitLeft = this.#firstQueuedAt + maxWaitMs - clock();
        if (waitLeft <= 0)
            return 'age';
        this.#timer ??= setTimeout(() => {
            this.#timer = undefined;
            this.dispatch();
        }, waitLeft);
        return undefined;
    }
    #run(trigger) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        const batch = this.#take();
        const done = this.#options.run(batch, trigger).then(() => this.#finish(), () => this.#halt());
        this.#running = { partitions: new Set(batch.map((record) => record.partition)), done };
    }
    #finish() {
        this.#running = undefined;
        this.dispatch();
    }
    #halt() {
        this.#running = undefined;
        this.#isHalted = true;
        this.#replaceQueue([]);
        this.#options.pause();
    }
    #take() {
        const { maxRecords, maxBytes } = this.#options;
        let bytes = 0;
        let count = 0;
        for (const record of this.#queue) {
            if (count === maxRecords || (count > 0 && bytes + sizeOf(record) > maxBytes))
                break;
            bytes += sizeOf(record);
            count += 1;
        }
        const batch = this.#queue.slice(0, count);
        this.#replaceQueue(this.#queue.slice(count));
        return batch;
    }
    #replaceQueue(queue) {
        this.#queue = queue;
        this.#queuedBytes = queue.reduce((bytes, record) => bytes + sizeOf(record), 0);
        this.#firstQueuedAt = this.#options.clock();
    }
    #pauseOrResume() {
        const { pause, resume } = this.#options;
        if (this.#holds(PAUSE_AT_BATCHES)) {
            this.#isPaused = true;
            pause();
        }
        else if (this.#isPaused && !this.#holds(RESUME_BELOW_BATCHES)) {
            this.#isPaused = false;
            resume();
        }
    }
    #holds(batches) {
        const { maxRecords, maxBytes } = this.#options;
        return this.#queue.length >= batches * maxRecords || this.#queuedBytes >= batches * maxBytes;
    }
}
function sizeOf(record) {
    return (record.key?.length ?? 0) + (record.value?.length ?? 0);
}
//# sourceMappingURL=lane.js.map