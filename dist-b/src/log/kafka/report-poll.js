const BUSY_MS = 1;
const IDLE_MS = 100;
/**
 * Asks librdkafka for delivery reports and events on the main thread: node-rdkafka has no way of telling that
 * survives (its background poll crashes the process). Often while reports are awaited, rarely otherwise.
 */
export class ReportPoll {
    #poll;
    #awaited;
    #timer;
    #busy = false;
    constructor(poll, awaited) {
        this.#poll = poll;
        this.#awaited = awaited;
    }
    start() {
        this.#schedule(IDLE_MS);
    }
    stop() {
        clearTimeout(this.#timer);
        this.#timer = undefined;
    }
    /** A report is awaited now. */
    hurry() {
        if (this.#busy)
            return;
        this.#busy = true;
        this.#schedule(BUSY_MS);
    }
    #tick() {
        this.#poll();
        this.#busy = this.#awaited();
        this.#schedule(this.#busy ? BUSY_MS : IDLE_MS);
    }
    #schedule(ms) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#tick(), ms);
    }
}
//# sourceMappingURL=report-poll.js.map