/**
 * Runs a step every interval, and again in the next turns for as long as it says that there is more to do, so that
 * other work of the thread comes in between.
 */
export class Upkeep {
    #step;
    #intervalMs;
    #timer;
    #immediate;
    constructor(step, intervalMs) {
        this.#step = step;
        this.#intervalMs = intervalMs;
    }
    start() {
        this.#timer = setTimeout(() => this.#turn(), this.#intervalMs);
    }
    stop() {
        clearTimeout(this.#timer);
        clearImmediate(this.#immediate);
    }
    #turn() {
        if (this.#step())
            this.#immediate = setImmediate(() => this.#turn());
        else
            this.start();
    }
}
//# sourceMappingURL=upkeep.js.map