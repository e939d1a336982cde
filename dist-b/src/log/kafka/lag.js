import { watermarks } from "./client-calls.js";
const QUERY_TIMEOUT_MS = 1000;
/** librdkafka's own word for an end it has not seen is negative as well. */
const UNKNOWN = -1;
/**
 * The lag from the ends of the log that come with every fetch. A partition that is paused is not fetched, so its end
 * is asked for, in the background, whenever somebody looks.
 */
export class Lag {
    #client;
    #topic;
    #assignment;
    #isPaused;
    #asked = new Map();
    #asking = false;
    constructor(client, topic, assignment, isPaused) {
        this.#client = client;
        this.#topic = topic;
        this.#assignment = assignment;
        this.#isPaused = isPaused;
    }
    /** A partition each; those whose end is not known yet are left out. */
    read() {
        const lag = new Map();
        const unseen = [];
        for (const [partition, { done }] of this.#assignment.entries()) {
            const { highOffset } = this.#client.getWatermarkOffsets(this.#topic, partition);
            const end = Math.max(highOffset, this.#asked.get(partition) ?? UNKNOWN);
            if (end >= 0)
                lag.set(partition, Math.max(0, end - (done ?? 0)));
            if (this.#isPaused(partition) || end < 0)
                unseen.push(partition);
        }
        this.#ask(unseen);
        return lag;
    }
    #ask(partitions) {
        if (this.#asking || partitions.length === 0)
            return;
        this.#asking = true;
        this.#askEach(partitions)
            .finally(() => (this.#asking = false))
            .catch(() => undefined); // The ends stay as they were last seen; the next look asks again.
    }
    async #askEach(partitions) {
        for (const partition of partitions) {
            const place = { topic: this.#topic, partition };
            const { highOffset } = await watermarks(this.#client, place, QUERY_TIMEOUT_MS);
            this.#asked.set(partition, highOffset);
        }
    }
}
//# sourceMappingURL=lag.js.map